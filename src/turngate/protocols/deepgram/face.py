"""
One client's conversation in the Deepgram Voice Agent protocol: text frames in, session messages out, and back.

Responsible for what a session has to remember about its client's protocol: the formats of its audio and what it wants
to be told, both from its settings. Must not know: sockets, what any message leads to.

Comes from: the client actor. Goes to: the codec, the translation, and the modules of the single messages.
"""

from turngate.audio import ClientAudio
from turngate.protocols.deepgram.client_events import Settings, UpdateListen, UpdatePrompt, UpdateSpeak, UpdateThink
from turngate.protocols.deepgram.codec import decode_client, encode_server
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings import accept_settings
from turngate.protocols.deepgram.translation import hinted, to_client, to_session
from turngate.protocols.deepgram.updates import update
from turngate.session.messages import CallsRecorded, ClientFault, ClientMessage, LineRecorded, Problem, Told


class Face:
    """
    The protocol of one session's client.

    Attributes:
        audio: what the client's audio is in both directions; ``None`` before its settings.
    """

    def __init__(self, maps: Maps | None = None) -> None:
        self.audio: ClientAudio | None = None
        self._maps = maps or Maps()
        self._model = self._maps.model
        self._wants_history = True
        self._hints: tuple[str, ...] = ()

    def hear(self, payload: bytes) -> ClientMessage:
        """What a text frame of the client means to the session."""
        event = decode_client(payload)
        match event:
            case Settings():
                return self._settings(event, payload)
            case UpdatePrompt() | UpdateThink() | UpdateSpeak() | UpdateListen():
                return update(event, payload, self._maps, self._model)
            case _:
                return to_session(event)

    def tell(self, effect: Told) -> tuple[bytes, ...]:
        """The text frames that tell the client; none where it does not want to be told."""
        if isinstance(effect, LineRecorded | CallsRecorded) and not self._wants_history:
            return ()
        events = to_client(effect)
        if self._hints:
            events = tuple(hinted(event, self._hints) for event in events)
        return tuple(encode_server(event) for event in events)

    def _settings(self, event: Settings, payload: bytes) -> ClientMessage:
        accepted = accept_settings(event, payload, self._maps)
        if isinstance(accepted, Problem):
            return ClientFault(accepted)
        if self.audio is None:
            self.audio = accepted.audio
            self._model = accepted.configure.model or self._model
            self._wants_history, self._hints = accepted.wants_history, accepted.hints
        return accepted.configure
