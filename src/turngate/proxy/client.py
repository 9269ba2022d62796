"""
The client actor: one client's connection, in the words of the session.

Responsible for carrying what the client sends to its protocol's face, for converting its audio, and for sending it what
it is told, in order.

Must not know: which protocol the client speaks, or what anything means for the session; the coordinator is told
everything, and decides.

Comes from: the connection (frames) and the coordinator (what the client is to be told). Goes to: the other of the two.

Three waits are its own: a client that sends nothing, speech that is being played, and speech that is paced.

When the connection is cut off, the actor lives on without one, where the client may come back: text waits, within
bounds, and speech is dropped. Another connection is taken at the coordinator's welcome, and not before: by then nothing
of the old one is left in the mailbox, and what the client has missed stands behind the welcome.
"""

from enum import Enum
from typing import Final, TypeAlias

from attrs import evolve, frozen

from turngate.actors import Actor, Context, Ref
from turngate.audio import ClientAudio, Inbound
from turngate.proxy.close_codes import TAKEN_OVER, client_close, loss_of
from turngate.proxy.legs import (
    BinaryFrame,
    ClientLost,
    CloseLeg,
    Congested,
    Leg,
    LegClosed,
    LegDown,
    LegEvents,
    LegMessage,
    Relieved,
    Returned,
    TextFrame,
)
from turngate.proxy.outbox import NOTHING, Keep, Text
from turngate.proxy.ports import Closed, Face, IConnection
from turngate.proxy.resume import refuse
from turngate.proxy.voice import Voice
from turngate.session.messages import (
    SESSION_RATE_HZ,
    AgentAudio,
    AgentFinishedSpeaking,
    AgentSpeaking,
    Cause,
    ClientBack,
    ClientEffect,
    ClientGone,
    ClientIdle,
    ClientStalled,
    CutSpeech,
    Ending,
    Loss,
    Message,
    PauseClient,
    Problem,
    ResumeClient,
    SessionOpened,
    SpeechCut,
    SpeechPlayed,
    Told,
    UnsupportedRequest,
    UserAudio,
    UserSpeaking,
)


@frozen
class CheckIdle:
    """It is time to see whether the client has sent anything."""


@frozen
class CheckPlayed:
    """It is time to see whether the client has heard all that it was sent."""


@frozen
class SendNext:
    """Send the next message that waits, if the connection takes it."""


@frozen
class GoOn:
    """More of what is paced may be sent."""


ClientLegMessage: TypeAlias = (
    LegMessage
    | ClientEffect
    | PauseClient
    | ResumeClient
    | CloseLeg
    | Returned
    | CheckIdle
    | CheckPlayed
    | SendNext
    | GoOn
)


@frozen
class Habits:
    """How a proxy treats its clients."""

    idle_s: float = 60.0
    """How long a client may send nothing at all."""
    lead_s: float | None = None
    """How far ahead of what is played speech is sent; ``None`` sends it as it comes, faster than it is played."""


RECHECK_S: Final = 0.1
"""How soon it is asked again whether speech was played that has not all been sent."""

MAX_WAITING_BYTES: Final = 8 * 1024 * 1024
"""What may wait for a client that does not read: about 170 seconds of speech."""

KEPT: Final = Keep(messages=1024, message_bytes=256 * 1024)
"""What is kept for a client that may come back: minutes of conversation, with pieces of results in it."""

INCOMPLETE: Final = Problem(
    Cause.RESUME_INCOMPLETE,
    "Some of what was sent over the old connection is not kept any more, and was not sent again; come back sooner.",
)

ODD_AUDIO: Final = Problem(
    Cause.ODD_AUDIO,
    "An audio message ended inside a sample; the rest was taken from the next one. Send whole samples.",
)


class Life(Enum):
    """Whether the leg passes on what it hears."""

    OPEN = "open"
    AWAY = "there is no connection, and may be another"
    RETURNING = "there is another, and it is not welcomed yet"
    CLOSING = "closing"
    CLOSED = "closed"


class ClientActor(Actor[ClientLegMessage]):
    """One client. It is spawned when the connection is open, and outlives it until the guardian stops it."""

    def __init__(
        self,
        connection: IConnection,
        events: LegEvents,
        face: Face,
        coordinator: Ref[Message],
        guardian: Ref[LegDown | ClientLost],
        habits: Habits,
        input_rate_hz: int = SESSION_RATE_HZ,
        keep: Keep = NOTHING,
    ) -> None:
        self._connection = connection
        self._events = events
        self._face = face
        self._coordinator = coordinator
        self._guardian = guardian
        self._habits = habits
        self._input_rate_hz = input_rate_hz
        self._keep = keep
        self._returned: Returned | None = None
        self._voice = Voice(connection, MAX_WAITING_BYTES, habits.lead_s, keep)
        self._heard_s = 0.0
        self._inbound: Inbound | None = None
        self._audio: ClientAudio | None = None
        self._warned_of_odd_audio = False
        self._life = Life.OPEN

    def on_start(self, context: Context[ClientLegMessage]) -> None:
        """Hear what the connection has to tell."""
        self._heard_s = context.seconds()
        context.set_timer(CheckIdle, self._habits.idle_s, CheckIdle())
        self._follow_formats()
        self._events.attach(context.self_ref)

    def receive(self, context: Context[ClientLegMessage], message: ClientLegMessage) -> None:
        """One frame, one fact for the client, or one word about the connection."""
        match message:
            case BinaryFrame(payload):
                self._heard_s = context.seconds()
                self._take_audio(payload)
            case AgentAudio(pcm, item_id):
                if self._is_served:
                    self._voice.speak(pcm, item_id, context.seconds())
                    self._after_sending(context)
            case TextFrame(payload):
                self._heard_s = context.seconds()
                self._take_text(payload)
            case Congested():
                self._voice.outbox.congested()
            case Relieved():
                self._voice.outbox.relieved()
                self._send_next(context)
            case SendNext():
                self._send_next(context)
            case LegClosed(how):
                self._closed(context, how)
            case Returned():
                self._return(context, message)
            case CloseLeg(ending):
                self._close(context, ending)
            case PauseClient():
                self._connection.pause_reading()
            case ResumeClient():
                self._connection.resume_reading()
            case CheckIdle():
                self._check_idle(context)
            case SessionOpened():
                self._welcome(context, message)
            case CheckPlayed():
                self._check_played(context)
            case GoOn():
                self._voice.go_on(context.seconds())
                self._after_sending(context)
            case _:
                self._tell_client(context, message)

    def on_stop(self, context: Context[ClientLegMessage]) -> None:
        """Leave no connection behind, whatever ended this actor."""
        self._events.silence()
        match self._life:
            case Life.OPEN:
                self._connection.close(*client_close(Ending.INTERNAL))
            case Life.RETURNING if self._returned is not None:
                self._returned.events.silence()
                self._returned.connection.close(*client_close(Ending.INTERNAL))
            case Life.CLOSING:
                self._connection.abort()
            case _:
                pass

    @property
    def held_bytes(self) -> int:
        """What waits for the client."""
        return self._voice.held_bytes

    @property
    def heard_s(self) -> float:
        """When the client has sent something last."""
        return self._heard_s

    @property
    def _is_served(self) -> bool:
        """Whether the client is told things, now or when it is back."""
        return self._life in (Life.OPEN, Life.AWAY, Life.RETURNING)

    def _take_audio(self, payload: bytes) -> None:
        if self._life is not Life.OPEN or not payload:
            return
        if self._inbound is None:
            self._coordinator.tell(UserAudio(payload))  # too early; the rules say what that means
            return
        pcm = self._inbound.feed(payload)
        if self._inbound.odd_bytes_seen and not self._warned_of_odd_audio:
            self._warned_of_odd_audio = True
            self._coordinator.tell(UnsupportedRequest(ODD_AUDIO))
        if pcm:
            self._coordinator.tell(UserAudio(pcm))

    def _take_text(self, payload: bytes) -> None:
        if self._life is not Life.OPEN:
            return
        message = self._face.hear(payload)
        self._follow_formats()
        self._coordinator.tell(message)

    def _follow_formats(self) -> None:
        wanted, before = self._face.audio, self._audio
        if wanted is None or wanted == before:
            return
        self._audio = wanted
        if before is None or (wanted.input_format, wanted.hears) != (before.input_format, before.hears):
            self._inbound = Inbound(wanted.input_format, wanted.hears, self._input_rate_hz)
        if before is None or evolve(wanted, input_format=before.input_format, hears=before.hears) != before:
            self._voice.use(wanted)

    def _tell_client(self, context: Context[ClientLegMessage], effect: Told | CutSpeech) -> None:
        if not self._is_served:
            return
        now_s = context.seconds()
        if isinstance(effect, UserSpeaking | CutSpeech):
            heard = self._voice.cut(now_s, flushes=isinstance(effect, UserSpeaking))
            self._coordinator.tell(SpeechCut(heard))
        if isinstance(effect, CutSpeech):
            return
        for payload in self._face.tell(effect):
            match effect:
                case AgentSpeaking():
                    self._voice.say(Text(payload), now_s)
                case AgentFinishedSpeaking():
                    self._voice.finish(Text(payload), now_s)
                    self._check_played(context)
                case _:
                    self._voice.outbox.send(Text(payload))
        self._after_sending(context)

    def _send_next(self, context: Context[ClientLegMessage]) -> None:
        self._voice.send_next(context.seconds())
        if self._voice.outbox.has_waiting:
            # by way of the mailbox, in which the connection's word stands before it that it is full again
            context.self_ref.tell(SendNext())

    def _after_sending(self, context: Context[ClientLegMessage]) -> None:
        if self._voice.is_full:
            self._coordinator.tell(ClientStalled())
        wait_s = self._voice.wait_s(context.seconds())
        if wait_s is not None:
            context.set_timer(GoOn, wait_s, GoOn())

    def _check_idle(self, context: Context[ClientLegMessage]) -> None:
        if self._life is not Life.OPEN:
            return
        silent_s = context.seconds() - self._heard_s
        if silent_s >= self._habits.idle_s:
            self._coordinator.tell(ClientIdle())
        else:
            context.set_timer(CheckIdle, self._habits.idle_s - silent_s, CheckIdle())

    def _check_played(self, context: Context[ClientLegMessage]) -> None:
        left_s = self._voice.unplayed_s(context.seconds())
        if left_s == 0.0:
            items = self._voice.played()
            if items:
                self._coordinator.tell(SpeechPlayed(items))
        else:
            context.set_timer(CheckPlayed, RECHECK_S if left_s is None else left_s, CheckPlayed())

    # --- the end of a connection, and another -------------------------------------------------------------------------

    def _close(self, context: Context[ClientLegMessage], ending: Ending) -> None:
        match self._life:
            case Life.RETURNING:
                # it hears no welcome, but why
                self._take_over()
                while self._voice.outbox.has_waiting:
                    self._voice.outbox.send_next()
                self._events.attach(context.self_ref)
            case Life.AWAY | Life.CLOSED:
                self._life = Life.CLOSED
                self._guardian.tell(LegDown(Leg.CLIENT))
            case Life.OPEN | Life.CLOSING:
                pass
        if self._life is Life.OPEN:
            self._life = Life.CLOSING
            self._connection.close(*client_close(ending))

    def _closed(self, context: Context[ClientLegMessage], how: Closed) -> None:
        match self._life:
            case Life.OPEN if self._keep != NOTHING and loss_of(how) is Loss.LOST:
                self._lose(context)
                self._guardian.tell(ClientLost())
            case Life.OPEN:
                self._life = Life.CLOSED
                self._coordinator.tell(ClientGone())
            case Life.CLOSING:
                self._life = Life.CLOSED
                self._guardian.tell(LegDown(Leg.CLIENT))
            case _:
                pass

    def _lose(self, context: Context[ClientLegMessage]) -> None:
        self._life = Life.AWAY
        self._events.silence()
        self._voice.lost(context.seconds())
        self._check_played(context)
        self._after_sending(context)

    def _return(self, context: Context[ClientLegMessage], returned: Returned) -> None:
        before, self._returned = self._returned, returned
        match self._life:
            case Life.OPEN:
                self._lose(context)
                self._connection.close(*TAKEN_OVER)
            case Life.RETURNING if before is not None:
                # its place is taken before it was welcomed, and the welcome is on its way
                before.events.silence()
                before.connection.close(*TAKEN_OVER)
                return
            case Life.CLOSING | Life.CLOSED:
                self._returned = None
                refuse(returned, self._face)
                return
            case _:
                pass
        self._life = Life.RETURNING
        self._coordinator.tell(ClientBack())

    def _welcome(self, context: Context[ClientLegMessage], opened: SessionOpened) -> None:
        """Begin to serve a connection: with a welcome, which is not counted among the texts, and what was missed."""
        missed = self._take_over() if self._life is Life.RETURNING else 0
        if self._life is not Life.OPEN:
            return
        for payload in self._face.tell(opened):
            self._connection.send_text(payload)
        self._heard_s = context.seconds()
        context.set_timer(CheckIdle, self._habits.idle_s, CheckIdle())
        self._events.attach(context.self_ref)
        if missed:
            self._coordinator.tell(UnsupportedRequest(INCOMPLETE))
        self._send_next(context)

    def _take_over(self) -> int:
        """Put the other connection in the place of the one that was lost; gives how many texts are missing for good."""
        returned, self._returned = self._returned, None
        if returned is None:
            return 0
        self._life = Life.OPEN
        self._connection, self._events = returned.connection, returned.events
        if self._audio is not None:
            # the rest of a sample, or of a filter, does not go on in another stream
            self._inbound = Inbound(self._audio.input_format, self._audio.hears, self._input_rate_hz)
        return self._voice.outbox.found(returned.connection, returned.received)
