"""The only sockets, and the only import of Autobahn."""

from turngate.net._autobahn import use_reactor
from turngate.net.dialer import UpstreamDialler
from turngate.net.function_hosts import FunctionHosts
from turngate.net.functions import FunctionCaller
from turngate.net.limits import FunctionLimits, Limits
from turngate.net.listener import ClientListener
from turngate.net.upstream import BearerKey, UpstreamAddress

__all__ = [
    "BearerKey",
    "ClientListener",
    "FunctionCaller",
    "FunctionHosts",
    "FunctionLimits",
    "Limits",
    "UpstreamAddress",
    "UpstreamDialler",
    "use_reactor",
]
