"""Shows `turngate` to twistd; everything else is imported only when it is chosen."""

from twisted.application.service import ServiceMaker

turngate = ServiceMaker("turngate", "turngate.tap", "A realtime voice proxy with a gate.", "turngate")
