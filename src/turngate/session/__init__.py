"""The rules of a session. Pure: no I/O, no reactor, no clock."""
