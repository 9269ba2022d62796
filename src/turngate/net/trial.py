"""
A connection counts as dialled when the upstream has said its first word.

Responsible for the time between the upgrade and the upstream's first text message: an upstream that refuses in its own
protocol, closes at once or says nothing is a failure of the dialling like any other.

Must not know: what a message means; it asks a :class:`~turngate.proxy.ports.FirstWord`.

Comes from: another dialler, which connects. Goes to: whoever asked, who sees connections that serve only.
"""

from enum import Enum

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from turngate.net.bridge import log_fault
from turngate.proxy.ports import (
    Closed,
    ConnectionEvents,
    DialEvents,
    DialFailure,
    DialFault,
    FirstWord,
    IConnection,
    IDialler,
    IDialling,
)


@implementer(IDialler)
class TrialDialler:
    """
    One try, until the upstream's first word.

    Args:
        inner: Connects.
        first_word: What the upstream's first word means, or that it ends without one.
        within_s: How long it may take, from the upgrade.
        clock: For that time.
    """

    def __init__(self, inner: IDialler, first_word: FirstWord, within_s: float, clock: IReactorTime) -> None:
        self._inner = inner
        self._first_word = first_word
        self._within_s = within_s
        self._clock = clock

    def dial(self, model: str | None, events: DialEvents) -> IDialling:
        """Begin to connect; ``events`` is never called before this returns."""
        trial = _Trial(events, self._first_word, self._within_s, self._clock)
        trial.dialling = self._inner.dial(model, trial)
        return trial


class _Stage(Enum):
    """Where a try stands."""

    CONNECTING = "there is no connection yet"
    LISTENING = "the upstream has the word"
    SETTLED = "dialled, failed or cancelled"


@implementer(IDialling)
class _Trial:
    """One try; it owns the connection until the upstream has spoken."""

    dialling: IDialling

    def __init__(self, events: DialEvents, first_word: FirstWord, within_s: float, clock: IReactorTime) -> None:
        self._events = events
        self._first_word = first_word
        self._within_s = within_s
        self._clock = clock
        self._stage = _Stage.CONNECTING
        self._connection: IConnection
        self._timer: IDelayedCall

    def cancel(self) -> None:
        """Give up; after the end it does nothing."""
        was, self._stage = self._stage, _Stage.SETTLED
        match was:
            case _Stage.CONNECTING:
                self.dialling.cancel()
            case _Stage.LISTENING:
                self._timer.cancel()
                self._connection.abort()
            case _Stage.SETTLED:
                pass

    # --- called by the dialler that connects ------------------------------------------------------------------------

    def dialled(self, connection: IConnection) -> ConnectionEvents:
        """The connection is open, and is not handed over yet."""
        self._stage = _Stage.LISTENING
        self._connection = connection
        self._timer = self._clock.callLater(self._within_s, self._too_late)
        return _Ear(self)

    def dial_failed(self, failure: DialFailure) -> None:
        """There is no connection."""
        self._stage = _Stage.SETTLED
        self._events.dial_failed(failure)

    # --- called by the ear ------------------------------------------------------------------------------------------

    def heard(self, ear: "_Ear", payload: bytes) -> None:
        """The first word."""
        if self._stage is not _Stage.LISTENING:
            return
        failure = self._first_word.spoken(payload)
        if failure is not None:
            self._fail(failure)
            return
        self._stage = _Stage.SETTLED
        self._timer.cancel()
        listener = self._events.dialled(self._connection)
        ear.hand_over(listener)
        listener.text_received(payload)

    def ended(self, how: Closed) -> None:
        """The connection ended before a word."""
        if self._stage is _Stage.LISTENING:
            self._fail(self._first_word.unspoken(how))

    def _too_late(self) -> None:
        self._fail(DialFailure(DialFault.TIME, f"the upstream said nothing within {self._within_s:g} s"))

    def _fail(self, failure: DialFailure) -> None:
        self._stage = _Stage.SETTLED
        if self._timer.active():
            self._timer.cancel()
        self._connection.abort()
        try:
            self._events.dial_failed(failure)
        except Exception as error:  # noqa: BLE001 - a guard: the fault is the listener's, and the try is over anyway
            log_fault(error, self._connection.peer)


class _Ear:
    """
    Listens to a connection on trial; after the hand-over its methods are those of who took over.

    They are attributes so that a message then takes no detour.
    """

    def __init__(self, trial: _Trial) -> None:
        self._trial = trial
        self._is_congested = False
        self.text_received = self._text_received
        self.binary_received = self._binary_received
        self.congested = self._congested
        self.relieved = self._relieved
        self.closed = trial.ended

    def hand_over(self, listener: ConnectionEvents) -> None:
        """From now on ``listener`` hears everything."""
        self.text_received = listener.text_received
        self.binary_received = listener.binary_received
        self.congested = listener.congested
        self.relieved = listener.relieved
        self.closed = listener.closed
        if self._is_congested:
            listener.congested()

    def _text_received(self, payload: bytes) -> None:
        self._trial.heard(self, payload)

    def _binary_received(self, payload: bytes) -> None:
        """A word that nobody can read is none."""

    def _congested(self) -> None:
        self._is_congested = True

    def _relieved(self) -> None:
        self._is_congested = False
