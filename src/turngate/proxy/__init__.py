"""The actors of a session. Thin: they carry, and session/ decides."""
