"""
The client actor: one client's connection, in the words of the session.

Responsible for carrying what the client sends to its protocol's face, for converting its audio, and for sending it what
it is told, in order.

Must not know: which protocol the client speaks, or what anything means for the session; the coordinator is told
everything, and decides.

Comes from: the connection (frames) and the coordinator (what the client is to be told). Goes to: the other of the two.

Three waits are its own: a client that sends nothing, speech that is being played, and speech that is paced.
"""

from enum import Enum
from typing import Final, TypeAlias

from attrs import evolve, frozen

from turngate.actors import Actor, Context, Ref
from turngate.audio import ClientAudio, Inbound
from turngate.proxy.close_codes import client_close
from turngate.proxy.legs import (
    BinaryFrame,
    CloseLeg,
    Congested,
    Leg,
    LegClosed,
    LegDown,
    LegEvents,
    LegMessage,
    Relieved,
    TextFrame,
)
from turngate.proxy.outbox import Text
from turngate.proxy.ports import Face, IConnection
from turngate.proxy.voice import Voice
from turngate.session.messages import (
    SESSION_RATE_HZ,
    AgentAudio,
    AgentFinishedSpeaking,
    AgentSpeaking,
    Cause,
    ClientEffect,
    ClientGone,
    ClientIdle,
    ClientStalled,
    CutSpeech,
    Ending,
    Message,
    PauseClient,
    Problem,
    ResumeClient,
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
    LegMessage | ClientEffect | PauseClient | ResumeClient | CloseLeg | CheckIdle | CheckPlayed | SendNext | GoOn
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

ODD_AUDIO: Final = Problem(
    Cause.ODD_AUDIO,
    "An audio message ended inside a sample; the rest was taken from the next one. Send whole samples.",
)


class Life(Enum):
    """Whether the leg passes on what it hears."""

    OPEN = "open"
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
        guardian: Ref[LegDown],
        habits: Habits,
        input_rate_hz: int = SESSION_RATE_HZ,
    ) -> None:
        self._connection = connection
        self._events = events
        self._face = face
        self._coordinator = coordinator
        self._guardian = guardian
        self._habits = habits
        self._input_rate_hz = input_rate_hz
        self._voice = Voice(connection, MAX_WAITING_BYTES, habits.lead_s)
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
                if self._life is Life.OPEN:
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
            case LegClosed():
                self._closed()
            case CloseLeg(ending):
                self._close(ending)
            case PauseClient():
                self._connection.pause_reading()
            case ResumeClient():
                self._connection.resume_reading()
            case CheckIdle():
                self._check_idle(context)
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
            case Life.CLOSING:
                self._connection.abort()
            case Life.CLOSED:
                pass

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
        if self._life is not Life.OPEN:
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

    def _close(self, ending: Ending) -> None:
        if self._life is Life.CLOSED:
            self._guardian.tell(LegDown(Leg.CLIENT))
        elif self._life is Life.OPEN:
            self._life = Life.CLOSING
            self._connection.close(*client_close(ending))

    def _closed(self) -> None:
        if self._life is Life.OPEN:
            self._coordinator.tell(ClientGone())
        else:
            self._guardian.tell(LegDown(Leg.CLIENT))
        self._life = Life.CLOSED
