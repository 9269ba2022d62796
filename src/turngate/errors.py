"""
The exceptions, and whose fault each is.

::

    TurngateError
    +-- ConfigError      the operator's: the words say what to change
    +-- InternalError    ours: please report it

Faults of a peer are not exceptions: they travel as values (:class:`turngate.session.messages.Problem`).
"""


class TurngateError(Exception):
    """The root of the exceptions that this package raises."""


class ConfigError(TurngateError):
    """The configuration cannot be used; the text is one line for the operator."""


class InternalError(TurngateError):
    """A fault of Turngate itself; please report it with the log of the session."""
