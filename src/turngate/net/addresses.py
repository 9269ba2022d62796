"""
Which IP addresses a call on behalf of a client may be made to.

Responsible for one question about one address, answered from the tables of special addresses and from nothing else.

Must not know: names, URLs, sockets, who asks.

Comes from: what a name was resolved to. Goes to: ``function_call.py``, and ``function_hosts.py`` for literal addresses.
"""

from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out. What lies outside is local, multicast, or stands for an IPv4 address (mapped,
compatible, NAT64) that a table of IPv6 addresses says nothing about."""

_NOT_PUBLIC_4: Final = (
    # the protocols' own, with two exceptions that are anybody's nearest gateway
    IPv4Network("192.0.0.0/24"),
    # the relays of 6to4, withdrawn
    IPv4Network("192.88.99.0/24"),
)
_NOT_PUBLIC_6: Final = (
    # the protocols' own, Teredo among them, with exceptions that differ from one Python to the next
    IPv6Network("2001::/23"),
    # 6to4: an IPv4 address, perhaps a private one, in an IPv6 address that is global
    IPv6Network("2002::/16"),
    # documentation; Python's table has it only from 3.13
    IPv6Network("3fff::/20"),
)
_PRIVATE_4: Final = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
)
_PRIVATE_6: Final = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
"""Without the link-local addresses, where clouds keep the credentials of a machine."""


class Reach(Enum):
    """How far from the public network an address may be."""

    PUBLIC = "public addresses only"
    PRIVATE = "addresses of private networks and of this machine too"
    LOOPBACK = "addresses of this machine only"

    def covers(self, address: str) -> bool:
        """Whether an address, as written by a resolver, may be connected to."""
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        match self:
            case Reach.PUBLIC:
                return _is_public(ip)
            case Reach.PRIVATE:
                return _is_public(ip) or _is_private(ip)
            case Reach.LOOPBACK:
                return _is_private(ip) and ip.is_loopback


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if not ip.is_global or ip.is_multicast:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_4)
    return ip.scope_id is None and ip in _GLOBAL_UNICAST and not any(ip in network for network in _NOT_PUBLIC_6)


def _is_private(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return any(ip in network for network in _PRIVATE_4)
    return ip.scope_id is None and any(ip in network for network in _PRIVATE_6)
