import pytest
from attrs import frozen
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from turngate.errors import ConfigError
from turngate.ops.sockets import bound, is_local, listening, shown


@frozen
class ListeningPort:
    """A port that is nowhere."""

    address: object

    def getHost(self):
        return self.address


@pytest.mark.parametrize(
    ("address", "is_it", "shows"),
    [
        (IPv4Address("TCP", "127.0.0.1", 1), True, "127.0.0.1:1"),
        (IPv4Address("TCP", "127.4.5.6", 1), True, "127.4.5.6:1"),
        (IPv4Address("TCP", "0.0.0.0", 1), False, "0.0.0.0:1"),  # noqa: S104 - it is what is to be refused
        (IPv4Address("TCP", "10.0.0.1", 1), False, "10.0.0.1:1"),
        (IPv6Address("TCP", "::1", 1), True, "[::1]:1"),
        (IPv6Address("TCP", "::", 1), False, "[::]:1"),
        (IPv6Address("TCP", "fe80::1%eth0", 1), False, "[fe80::1%eth0]:1"),
        (UNIXAddress("/run/turngate"), True, "unix:/run/turngate"),
        (object, False, str(object)),
    ],
)
def test_port_is_local_when_only_this_machine_can_reach_it(address, is_it, shows):
    """The address that was bound decides, whatever kind of endpoint bound it; an unknown kind is not trusted."""
    port = ListeningPort(address)
    assert is_it == is_local(port)
    assert shows == shown(port)


def test_port_is_given_when_the_endpoint_has_it_at_once():
    """It is asked where it is bound."""
    assert 4711 == listening(MemoryReactorClock(), "tcp:4711", Factory()).getHost().port


@pytest.mark.parametrize("description", ["", "nonsense", "nonsense:1", "tcp", "tcp:a:b:c", "ssl:1:privateKey=/absent"])
def test_endpoint_is_refused_when_there_is_no_such_kind_or_it_is_not_well_formed(description):
    """Whatever the endpoint's own parser raises, the operator reads which one it was."""
    with pytest.raises(ConfigError, match=f"--listen {description} is no endpoint: "):
        listening(MemoryReactorClock(), description, Factory())


def test_endpoint_is_refused_when_it_needs_a_running_reactor():
    """We would not know whether it can be bound while the operator is looking."""
    with pytest.raises(ConfigError, match="slow:1 cannot be bound before the reactor runs"):
        bound(Deferred(), "slow:1")
