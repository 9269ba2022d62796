"""Which IP addresses a call on behalf of a client may be made to."""

import pytest

from turngate.net.addresses import Reach

PUBLIC = ["8.8.8.8", "93.184.216.34", "100.63.255.255", "172.32.0.1", "2606:2800:220:1::1", "2001:4860:4860::8888"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "fc00::1",
    "fd12:3456::1",
]
LOOPBACK = ["127.0.0.1", "127.255.0.9", "::1"]
NOWHERE = [
    # this network, link-local and with it the metadata of clouds, documentation, benchmarks, multicast, reserved
    "0.0.0.0",  # noqa: S104 - nothing is bound here
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "2001:1::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    # IPv4 in the guise of IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:7f00:1::1",
    # a scope, and no address at all
    "::1%1",
    "2606:2800:220:1::1%1",
    "",
    "localhost",
    "127.1",
    "0x7f.1",
    "2130706433",
    "0177.0.0.1",
    "127.0.0.1 ",
]
REACHES = {
    Reach.PUBLIC: [*PUBLIC],
    Reach.PRIVATE: [*PUBLIC, *PRIVATE, *LOOPBACK],
    Reach.LOOPBACK: [*LOOPBACK],
}


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("address", [*PUBLIC, *PRIVATE, *LOOPBACK, *NOWHERE])
def test_reach_covers_the_addresses_of_its_name(reach: Reach, address: str) -> None:
    """What is neither public nor of a private network is reached by nobody, however it is written."""
    assert (address in REACHES[reach]) == reach.covers(address)
