"""Audio formats and their conversion to and from session audio. Pure."""

from turngate.audio.formats import AudioFormat, Encoding
from turngate.audio.inbound import Inbound

__all__ = ["AudioFormat", "Encoding", "Inbound"]
