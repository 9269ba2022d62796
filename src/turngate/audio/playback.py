"""
The playback clock: what a client can have heard of the audio that it was sent.

Responsible for the arithmetic of a client's buffer, in seconds that it is told.

Must not know: which clock tells the time, what is done about audio that was not heard.

Comes from: whoever sends the audio, with its length and the time. Goes to: whoever must tell the upstream how much of
an item the user heard, or must know whether the agent still speaks.

A client reports nothing. It is taken to play from the first byte that it was sent, without a break, and to pause when
it has nothing: a gap in sending is a gap in playing. A real one lags by its network and its buffer, so that what is
told here is the most that can have been heard. The audio of an item is sent in one run, item after item.
"""

from collections import deque

from attrs import define, field, frozen


@frozen
class Heard:
    """How much of an item's audio has been played; whoever needs whole milliseconds rounds down."""

    item_id: str
    heard_ms: float
    sent_ms: float


@define
class _Run:
    item_id: str
    sent_ms: float
    ends_s: float
    """When all of it that was sent will have been played."""

    def heard(self, now_s: float) -> Heard:
        unheard_ms = min(max(0.0, self.ends_s - now_s) * 1000, self.sent_ms)
        return Heard(self.item_id, self.sent_ms - unheard_ms, self.sent_ms)


@define
class Playback:
    """The buffer of one client. Times are of one clock that never goes back."""

    _runs: deque[_Run] = field(factory=deque, init=False)
    """What is not fully played, in order; the last one also when it is, since there may be more of it."""

    def sent(self, item_id: str, duration_ms: float, now_s: float) -> None:
        """Audio was handed to the client; it plays after all that was handed to it before."""
        begins_s = max(now_s, self._runs[-1].ends_s) if self._runs else now_s
        ends_s = begins_s + duration_ms / 1000
        if self._runs and self._runs[-1].item_id == item_id:
            self._runs[-1].sent_ms += duration_ms
            self._runs[-1].ends_s = ends_s
        else:
            self._runs.append(_Run(item_id, duration_ms, ends_s))
        while self._runs[0].ends_s <= now_s and len(self._runs) > 1:
            self._runs.popleft()

    def remaining_s(self, now_s: float) -> float:
        """How long it takes until all that was sent has been played."""
        return max(0.0, self._runs[-1].ends_s - now_s) if self._runs else 0.0

    def heard(self, item_id: str, now_s: float) -> Heard | None:
        """How far an item has been played; one that was heard to its end is forgotten when others follow it."""
        return next((run.heard(now_s) for run in self._runs if run.item_id == item_id), None)

    def skip(self, now_s: float) -> None:
        """Nobody plays what was sent any more; all of it counts as played."""
        for run in self._runs:
            run.ends_s = min(run.ends_s, now_s)

    def skipped(self, item_id: str, duration_ms: float, now_s: float) -> None:
        """Audio was not sent, and counts as played all the same."""
        self.sent(item_id, duration_ms, now_s)
        self.skip(now_s)

    def stop(self, now_s: float) -> tuple[Heard, ...]:
        """The client drops its buffer: the items that it has not fully played, in order. All is forgotten."""
        items = [run.heard(now_s) for run in self._runs]
        self._runs.clear()
        return tuple(heard for heard in items if heard.heard_ms < heard.sent_ms)
