"""A connection in memory, that keeps what is done with it."""

from typing import Any

from zope.interface import implementer
from zope.interface.verify import verifyObject

from turngate.proxy.ports import Closed, IConnection, IDialler, IDialling


@implementer(IConnection)
class FakeConnection:
    """Keeps what is sent; the test plays the peer through ``events``."""

    peer = "fake"

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.events: Any = None
        self.room: int | None = None
        """How many messages it takes before it says, from inside a send, that it takes no more."""

    def send_text(self, payload: bytes) -> None:
        self.log.append(("text", payload))
        self._fill()

    def send_binary(self, payload: bytes) -> None:
        self.log.append(("binary", payload))
        self._fill()

    def _fill(self) -> None:
        if self.room is not None:
            self.room -= 1
            if self.room == 0:
                self.events.congested()

    def pause_reading(self) -> None:
        self.log.append(("pause",))

    def resume_reading(self) -> None:
        self.log.append(("resume",))

    def close(self, code: int, reason: str) -> None:
        self.log.append(("close", code))

    def abort(self) -> None:
        self.log.append(("abort",))

    def ended(self, code: int = 1000) -> None:
        """The peer's side is gone."""
        self.events.closed(Closed(code))

    @property
    def done(self) -> list[str]:
        return [entry[0] for entry in self.log]


@implementer(IDialling)
class FakeDialling:
    def __init__(self) -> None:
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


@implementer(IDialler)
class FakeDialler:
    """Keeps who wants to be connected; the test connects them."""

    def __init__(self) -> None:
        self.wanted: list[tuple[str | None, Any]] = []
        self.dialling = FakeDialling()

    def dial(self, model: str | None, events: Any) -> FakeDialling:
        self.wanted.append((model, events))
        return self.dialling


class QuietLog:
    """A log that keeps its events."""

    def __init__(self, kept: list[tuple[str, dict[str, Any]]] | None = None, **fields: Any) -> None:
        self.kept = [] if kept is None else kept
        self.fields = fields

    def _keep(self, event: str, **fields: Any) -> None:
        self.kept.append((event, {**self.fields, **fields}))

    debug = info = warn = error = _keep

    def bound(self, **fields: Any) -> "QuietLog":
        return QuietLog(self.kept, **{**self.fields, **fields})


def test_the_fakes_are_what_they_stand_for() -> None:
    """The interfaces hold for the fakes as for the real ones."""
    assert verifyObject(IConnection, FakeConnection())
    assert verifyObject(IDialler, FakeDialler())
    assert verifyObject(IDialling, FakeDialling())
