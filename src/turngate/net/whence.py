"""
Where a request comes from, for counting.

Responsible for the address of a client, which is its peer's unless the operator says that there are proxies in front,
and for what counts as one: an address of IPv4, and a network of 64 bits of IPv6, which is what one customer has.

Must not know: what is counted.

Comes from: an :class:`~turngate.net.admission.Offer`. Goes to: ``guard.py``.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from turngate.net.admission import Offer

FORWARDED_FOR: Final = "x-forwarded-for"


def source_of(offer: Offer, trusted_proxies: int = 0) -> str | None:
    """
    What the limits of an address are counted by; ``None`` where there are none.

    These are this machine's own and sockets of the file system: programs of the operator's, or a proxy in front.

    Each proxy adds the address of whom it serves to the right of ``X-Forwarded-For``, so that with ``n`` of them the
    ``n``-th from the right was written by one of ours, and all that stands left of it by anybody.
    """
    address = _peer(offer.peer)
    if trusted_proxies:
        hops = offer.headers.get(FORWARDED_FOR, "").split(",")
        address = (_parsed(hops[-trusted_proxies]) if len(hops) >= trusted_proxies else None) or address
    if address is None or address.is_loopback:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), 64), strict=False))
    return str(address)


def _peer(peer: str) -> IPv4Address | IPv6Address | None:
    """The address in Autobahn's words for a peer, ``tcp4:127.0.0.1:4000``."""
    kind, _, rest = peer.partition(":")
    return _parsed(rest.rpartition(":")[0]) if kind.startswith("tcp") else None


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it, with or without a port."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
