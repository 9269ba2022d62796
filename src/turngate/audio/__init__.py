"""Audio formats and their conversion to and from session audio. Pure."""

from turngate.audio.formats import AudioFormat, ClientAudio, Container, Encoding, SessionAudio, native
from turngate.audio.inbound import INBOUND_RATES_HZ, Inbound
from turngate.audio.outbound import OUTBOUND_RATES_HZ, Outbound
from turngate.audio.playback import Heard, Playback

__all__ = [
    "INBOUND_RATES_HZ",
    "OUTBOUND_RATES_HZ",
    "AudioFormat",
    "ClientAudio",
    "Container",
    "Encoding",
    "Heard",
    "Inbound",
    "Outbound",
    "Playback",
    "SessionAudio",
    "native",
]
