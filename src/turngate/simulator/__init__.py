"""A Realtime upstream that enforces the rules of the API."""

from turngate.simulator.script import Script
from turngate.simulator.server import Simulator
from turngate.simulator.session import Manner
from turngate.simulator.stage import Pace

__all__ = ["Manner", "Pace", "Script", "Simulator"]
