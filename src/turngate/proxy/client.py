"""
The client actor: one client's connection, in the words of the session.

Responsible for carrying what the client sends to its protocol's face, for converting its audio, and for sending it what
it is told, in order.

Must not know: which protocol the client speaks, or what anything means for the session; the coordinator is told
everything, and decides.

Comes from: the connection (frames) and the coordinator (what the client is to be told). Goes to: the other of the two.
"""

from enum import Enum
from typing import Final, TypeAlias

from turngate.actors import Actor, Context, Ref
from turngate.audio import Inbound
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
from turngate.proxy.outbox import Kind, Outbox
from turngate.proxy.ports import Face, IConnection
from turngate.session.messages import (
    AgentAudio,
    Cause,
    ClientEffect,
    ClientGone,
    ClientStalled,
    Ending,
    Message,
    PauseClient,
    Problem,
    ResumeClient,
    UnsupportedRequest,
    UserAudio,
    UserSpeaking,
)

ClientLegMessage: TypeAlias = LegMessage | ClientEffect | PauseClient | ResumeClient | CloseLeg

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
        self, connection: IConnection, events: LegEvents, face: Face, coordinator: Ref[Message], guardian: Ref[LegDown]
    ) -> None:
        self._connection = connection
        self._events = events
        self._face = face
        self._coordinator = coordinator
        self._guardian = guardian
        self._outbox = Outbox(connection, MAX_WAITING_BYTES)
        self._inbound: Inbound | None = None
        self._warned_of_odd_audio = False
        self._life = Life.OPEN

    def on_start(self, context: Context[ClientLegMessage]) -> None:
        """Hear what the connection has to tell."""
        self._events.attach(context.self_ref)

    def receive(self, context: Context[ClientLegMessage], message: ClientLegMessage) -> None:
        """One frame, one fact for the client, or one word about the connection."""
        match message:
            case BinaryFrame(payload):
                self._take_audio(payload)
            case TextFrame(payload):
                self._take_text(payload)
            case Congested():
                self._outbox.congested()
            case Relieved():
                self._outbox.relieved()
                if self._outbox.has_waiting:
                    context.self_ref.tell(message)
            case LegClosed():
                self._closed()
            case CloseLeg(ending):
                self._close(ending)
            case PauseClient():
                self._connection.pause_reading()
            case ResumeClient():
                self._connection.resume_reading()
            case _:
                self._tell_client(message)

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
        if self._inbound is None and self._face.input_format is not None:
            self._inbound = Inbound(self._face.input_format)
        self._coordinator.tell(message)

    def _tell_client(self, effect: ClientEffect) -> None:
        if self._life is not Life.OPEN:
            return
        if isinstance(effect, AgentAudio):
            self._outbox.send(Kind.AUDIO, effect.pcm)
        else:
            if isinstance(effect, UserSpeaking):
                self._outbox.drop_audio()
            self._outbox.send(Kind.TEXT, self._face.tell(effect))
        if self._outbox.is_full:
            self._coordinator.tell(ClientStalled())

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
