"""Bytes to typed events to session messages, and back. Pure; one sub-room a protocol."""
