"""Audio formats and their conversion to and from session audio. Pure."""

from turngate.audio.formats import AudioFormat, Container, Encoding, SessionAudio, native
from turngate.audio.inbound import Inbound

__all__ = ["AudioFormat", "Container", "Encoding", "Inbound", "SessionAudio", "native"]
