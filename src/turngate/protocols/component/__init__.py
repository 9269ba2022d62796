"""The component profile: an older, looser cousin of the Deepgram protocol. Knows neither sockets nor the upstream's."""

from turngate.protocols.component.face import Face

__all__ = ["Face"]
