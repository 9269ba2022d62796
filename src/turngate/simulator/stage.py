"""
Which responses are under way, and how fast they are streamed.

Responsible for the one active response of the default conversation and the few out of band, for pacing their bursts by
the clock, for pausing while the client does not read, and for ending them.

Must not know: client events, the session's configuration, what is said.

Comes from: ``simulator/session.py``, which starts and cuts responses. Goes to: ``simulator/responses.py``, burst by
burst.
"""

from collections.abc import Callable
from typing import Final

from attrs import field, frozen
from attrs.validators import ge
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from turngate.session.messages import ResponseStatus
from turngate.simulator.responses import Ending, Response

MAX_OUT_OF_BAND: Final = 8
"""Responses out of band that may be under way at once."""

CLIENT_CANCELLED: Final = Ending(ResponseStatus.CANCELLED, "client_cancelled")
TURN_DETECTED: Final = Ending(ResponseStatus.CANCELLED, "turn_detected")


@frozen
class Pace:
    """How fast responses are streamed."""

    speed: float = field(default=8.0, validator=ge(0.0))
    """Times real time; 0 is one burst in each reactor turn."""
    latency_s: float = field(default=0.1, validator=ge(0.0))
    """From ``response.created`` to the first of the output; none where ``speed`` is 0."""

    def wait_s(self, burst_s: float) -> float:
        """Give the seconds to wait after a burst."""
        return burst_s / self.speed if self.speed else 0.0

    def first_wait_s(self) -> float:
        """Give the seconds to wait before the first burst."""
        return self.latency_s if self.speed else 0.0


class Stage:
    """The responses of one session that are under way."""

    def __init__(self, clock: IReactorTime, pace: Pace, on_completed: Callable[[], None]) -> None:
        self._clock = clock
        self._pace = pace
        self._on_completed = on_completed
        self._active: Response | None = None
        self._out_of_band: dict[str, Response] = {}
        self._calls: dict[str, IDelayedCall] = {}
        self._due_s: dict[str, float] = {}
        self._waiting: dict[str, Response] = {}
        self._paused = False

    @property
    def active(self) -> Response | None:
        """The response that is active in the default conversation."""
        return self._active

    @property
    def full(self) -> bool:
        """Whether no more responses out of band may begin."""
        return len(self._out_of_band) >= MAX_OUT_OF_BAND

    def start(self, response: Response) -> None:
        """Begin a response; one in the conversation only where none is active."""
        if response.in_conversation:
            self._active = response
        else:
            self._out_of_band[response.id] = response
        self._due_s[response.id] = self._clock.seconds()
        self._play_after(response, self._pace.first_wait_s())
        response.begin()

    def cut(self, response_id: str | None, ending: Ending) -> bool:
        """
        End a response before its end.

        Args:
            response_id: which; None is the active one.
            ending: why.

        Returns:
            Whether there was such a response.
        """
        if response_id is None or (self._active is not None and self._active.id == response_id):
            response = self._active
        else:
            response = self._out_of_band.get(response_id)
        if response is None:
            return False
        self._finish(response, ending)
        return True

    def pause(self) -> None:
        """Send nothing more of any response for now."""
        self._paused = True

    def resume(self) -> None:
        """Go on where :meth:`pause` stopped."""
        self._paused = False
        waiting, self._waiting = self._waiting, {}
        for response in waiting.values():
            self._due_s[response.id] = self._clock.seconds()
            self._play_after(response, 0.0)

    def stop(self) -> None:
        """Forget everything: the connection is gone."""
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        self._due_s.clear()
        self._waiting.clear()
        self._out_of_band.clear()
        self._active = None

    def _play(self, response: Response) -> None:
        del self._calls[response.id]
        if self._paused:
            self._waiting[response.id] = response
            return
        burst_s = response.burst()
        if not self._under_way(response):
            return  # what heard the burst cut the response
        if burst_s is None:
            self._finish(response, None)
            return
        self._play_after(response, self._pace.wait_s(burst_s))

    def _play_after(self, response: Response, wait_s: float) -> None:
        """Play the next burst so long after the last was due: a clock that comes late makes no response slower."""
        due_s = self._due_s[response.id] = self._due_s[response.id] + wait_s
        self._calls[response.id] = self._clock.callLater(max(0.0, due_s - self._clock.seconds()), self._play, response)

    def _under_way(self, response: Response) -> bool:
        return response is self._active or response.id in self._out_of_band

    def _finish(self, response: Response, ending: Ending | None) -> None:
        call = self._calls.pop(response.id, None)
        if call is not None:
            call.cancel()
        self._due_s.pop(response.id, None)
        self._waiting.pop(response.id, None)
        response.close_out()
        # free before response.done is heard, so that whoever hears it may start the next
        if self._active is response:
            self._active = None
        self._out_of_band.pop(response.id, None)
        if ending is None:
            self._on_completed()
        response.done(ending)
