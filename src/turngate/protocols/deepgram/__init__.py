"""The Deepgram Voice Agent protocol, as its server speaks it. Knows neither sockets nor the upstream's protocol."""

from turngate.protocols.deepgram.client_events import ClientEvent, LaterEvent, Settings
from turngate.protocols.deepgram.codec import Malformed, decode_client, encode_server
from turngate.protocols.deepgram.face import Face
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.server_events import ServerEvent
from turngate.protocols.deepgram.settings import AcceptedSettings, accept_settings
from turngate.protocols.deepgram.translation import to_client, to_session
from turngate.protocols.deepgram.updates import update

__all__ = [
    "AcceptedSettings",
    "ClientEvent",
    "Face",
    "LaterEvent",
    "Malformed",
    "Maps",
    "ServerEvent",
    "Settings",
    "accept_settings",
    "decode_client",
    "encode_server",
    "to_client",
    "to_session",
    "update",
]
