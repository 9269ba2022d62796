"""Audio formats and their conversion to and from session audio. Pure."""

from turngate.audio.formats import AudioFormat, Container, Encoding, SessionAudio, native
from turngate.audio.inbound import INBOUND_RATES_HZ, Inbound
from turngate.audio.outbound import OUTBOUND_RATES_HZ, Outbound

__all__ = [
    "INBOUND_RATES_HZ",
    "OUTBOUND_RATES_HZ",
    "AudioFormat",
    "Container",
    "Encoding",
    "Inbound",
    "Outbound",
    "SessionAudio",
    "native",
]
