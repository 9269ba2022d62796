"""
What the actors need of a log: events with stable names, and fields that hold no payload and no secret.

Responsible for the interface only; ``ops/logging.py`` provides it.

Must not know: where the lines go.
"""

from typing import Protocol, TypeAlias

Field: TypeAlias = str | int | float | None


class EventLog(Protocol):
    """Event names are ``area.fact``, such as ``session.ended``."""

    def debug(self, event: str, **fields: Field) -> None:
        """For whoever looks for a fault."""

    def info(self, event: str, **fields: Field) -> None:
        """For whoever wants to know what happened."""

    def warn(self, event: str, **fields: Field) -> None:
        """For the operator to know."""

    def error(self, event: str, **fields: Field) -> None:
        """For the operator to act upon."""

    def bound(self, **fields: Field) -> "EventLog":
        """The same log, with fields that every line has."""
