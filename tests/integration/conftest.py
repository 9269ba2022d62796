"""What the integration tests share."""

from rig_fixtures import autobahn_on_this_reactor, rig, rigs

__all__ = ["autobahn_on_this_reactor", "rig", "rigs"]
