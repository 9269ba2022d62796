"""The OpenAI Realtime protocol, as its client speaks it."""

from turngate.protocols.realtime.codec import (
    Malformed,
    UnknownEvent,
    decode_client,
    decode_server,
    encode_client,
    encode_server,
)
from turngate.protocols.realtime.translation import RealtimeOptions, Translation

__all__ = [
    "Malformed",
    "RealtimeOptions",
    "Translation",
    "UnknownEvent",
    "decode_client",
    "decode_server",
    "encode_client",
    "encode_server",
]
