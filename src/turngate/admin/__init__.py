"""
What an operator sees of a running proxy, and may do to it.

Responsible for an HTTP endpoint of its own, for the metrics, and for who may use them.

Must not know: what a session decides, how a client is let in.
"""

from turngate.admin.desk import Desk
from turngate.admin.house import OneProcess
from turngate.admin.metrics import Metrics, Now
from turngate.admin.site import site
from turngate.admin.storm import Storm

__all__ = ["Desk", "Metrics", "Now", "OneProcess", "Storm", "site"]
