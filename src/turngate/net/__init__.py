"""The only sockets, and the only import of Autobahn."""

from turngate.net._autobahn import use_reactor
from turngate.net.breaker import BreakerLimits, CircuitBreaker
from turngate.net.dialer import UpstreamDialler
from turngate.net.function_hosts import FunctionHosts
from turngate.net.functions import FunctionCaller
from turngate.net.limits import FunctionLimits, Limits
from turngate.net.listener import ClientListener
from turngate.net.patience import Patience, PatientDialler
from turngate.net.quotas import Quotas
from turngate.net.trial import TrialDialler
from turngate.net.upstream import BearerKey, CurrentKey, UpstreamAddress

__all__ = [
    "BearerKey",
    "BreakerLimits",
    "CircuitBreaker",
    "ClientListener",
    "CurrentKey",
    "FunctionCaller",
    "FunctionHosts",
    "FunctionLimits",
    "Limits",
    "Patience",
    "PatientDialler",
    "Quotas",
    "TrialDialler",
    "UpstreamAddress",
    "UpstreamDialler",
    "use_reactor",
]
