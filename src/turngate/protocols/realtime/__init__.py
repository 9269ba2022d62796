"""The OpenAI Realtime protocol, as its client speaks it."""

from turngate.protocols.realtime.codec import (
    Malformed,
    UnknownEvent,
    decode_client,
    decode_server,
    encode_client,
    encode_server,
)
from turngate.protocols.realtime.dialects import DIALECTS, Dialect, completed, dialect_of
from turngate.protocols.realtime.translation import OWN, RealtimeOptions, Translation

__all__ = [
    "DIALECTS",
    "OWN",
    "Dialect",
    "Malformed",
    "RealtimeOptions",
    "Translation",
    "UnknownEvent",
    "completed",
    "decode_client",
    "decode_server",
    "dialect_of",
    "encode_client",
    "encode_server",
]
