"""
One client's conversation in the Deepgram Voice Agent protocol: text frames in, session messages out, and back.

Responsible for what a session has to remember about its client's protocol: the formats of its audio and what it wants
to be told, both from its settings. Must not know: sockets, what any message leads to.

Comes from: the client actor. Goes to: the codec, the translation, and the modules of the single messages.
"""

from turngate.audio.formats import AudioFormat
from turngate.protocols.deepgram.client_events import Settings, UpdateListen, UpdatePrompt, UpdateSpeak, UpdateThink
from turngate.protocols.deepgram.codec import decode_client, encode_server
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings import accept_settings
from turngate.protocols.deepgram.translation import to_client, to_session
from turngate.protocols.deepgram.updates import update
from turngate.session.messages import ClientFault, ClientMessage, Problem, Told


class Face:
    """
    The protocol of one session's client.

    Attributes:
        input_format: what the client's audio is; ``None`` before its settings.
        output_format: what the client's audio is to be.
    """

    def __init__(self, maps: Maps | None = None) -> None:
        self.input_format: AudioFormat | None = None
        self.output_format: AudioFormat | None = None
        self._maps = maps or Maps()
        self._model = self._maps.model

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

    def tell(self, effect: Told) -> bytes:
        """The text frame that tells the client."""
        return encode_server(to_client(effect))

    def _settings(self, event: Settings, payload: bytes) -> ClientMessage:
        accepted = accept_settings(event, payload, self._maps)
        if isinstance(accepted, Problem):
            return ClientFault(accepted)
        if self.input_format is None:
            self.input_format, self.output_format = accepted.input_format, accepted.output_format
            self._model = accepted.configure.model or self._model
        return accepted.configure
