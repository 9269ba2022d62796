"""The limits, and what Autobahn is told of them."""

import inspect

import attrs
import pytest
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketServerFactory
from twisted.internet.task import Clock

from turngate.net._autobahn import ClientLegFactory, UpstreamLegFactory
from turngate.net.bridge import Bridge
from turngate.net.limits import Limits, client_leg_options, upstream_leg_options

# Autobahn's own timers for these are off, because the bridge keeps them (see test_net_autobahn.py).
KEPT_BY_THE_BRIDGE = {"openHandshakeTimeout", "closeHandshakeTimeout", "serverConnectionDropTimeout"}
# Zero is the safe value: no fragmentation of what we send, no trust in a header.
ZERO_IS_SAFE = {"autoFragmentSize", "trustXForwardedFor"}


def option_names(factory: type) -> set[str]:
    """What a factory of Autobahn's can be told."""
    return set(inspect.signature(factory.setProtocolOptions).parameters) - {"self"}


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(Limits)])
@pytest.mark.parametrize("value", [0, -1])
def test_limit_is_refused_when_it_would_switch_off(name: str, value: int) -> None:
    """No limit can be set to what might be read as unlimited."""
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})


@pytest.mark.parametrize("name", ["ping_interval_s", "ping_timeout_s"])
@pytest.mark.row(59)
def test_ping_limit_is_refused_below_three_seconds(name: str) -> None:
    """Autobahn's timers fire up to a second early, so that short ones mean nothing."""
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 2})


def test_options_name_everything_autobahn_knows() -> None:
    """No option of either factory is left at Autobahn's default, also not one that a later release adds."""
    assert option_names(WebSocketServerFactory) == set(client_leg_options(Limits()))
    assert option_names(WebSocketClientFactory) == set(upstream_leg_options(Limits()))


@pytest.mark.parametrize("options", [client_leg_options(Limits()), upstream_leg_options(Limits())])
def test_options_leave_no_number_unlimited(options: dict[str, object]) -> None:
    """Every number is more than zero, but for those with a reason not to be."""
    zeros = {name for name, value in options.items() if type(value) in {int, float} and not value}
    assert zeros <= KEPT_BY_THE_BRIDGE | ZERO_IS_SAFE


def test_options_are_the_safe_ones() -> None:
    """What a peer could exploit is off, on both legs."""
    for options in (client_leg_options(Limits()), upstream_leg_options(Limits())):
        assert options["failByDrop"] is False
        assert options["utf8validateIncoming"] is True
        accept = options["perMessageCompressionAccept"]
        assert callable(accept)
        assert accept(["permessage-deflate"]) is None
    server, client = client_leg_options(Limits()), upstream_leg_options(Limits())
    assert server["webStatus"] is False
    assert server["allowNullOrigin"] is False
    assert client["perMessageCompressionOffers"] == []


def test_options_follow_the_limits(clock: Clock) -> None:
    """The numbers of the limits are those that a factory ends up with."""
    limits = Limits(client_max_message_bytes=7, upstream_max_message_bytes=8, ping_interval_s=9, ping_timeout_s=10)
    server = ClientLegFactory(None, limits, clock)
    client = UpstreamLegFactory("ws://u/", {}, Bridge(None, limits, clock, 1), limits, clock)
    assert (server.maxMessagePayloadSize, server.maxFramePayloadSize) == (7, 7)
    assert (client.maxMessagePayloadSize, client.maxFramePayloadSize) == (8, 8)
    for factory in (server, client):
        assert (factory.autoPingInterval, factory.autoPingTimeout) == (9, 10)
        assert not factory.failByDrop
        assert factory.reactor is clock
    assert server.server == ""
    assert not server.webStatus
