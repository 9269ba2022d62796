"""
At which hosts functions may be called: the operator's list, and a client's URL held against it.

Responsible for reading both in one strict form, so that there is one opinion about which host a URL names: names in
lower case and ASCII, IP addresses in the one spelling of theirs, a port that is equal and not merely similar.

Must not know: what a name resolves to, how anything is called, the rest of a request.

Comes from: the configuration, and a client's settings. Goes to: ``function_request.py``.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Final

import idna
from attrs import field, frozen

from turngate.errors import ConfigError
from turngate.net.addresses import Reach

MAX_URL_CHARS: Final = 4096
HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443
MAX_PORT: Final = 65535
MAX_NAME_CHARS: Final = 253

_PORT: Final = r"(?::(?P<port>[1-9][0-9]{0,4}))?"
_ENTRY: Final = re.compile(rf"(?P<host>\[[^\[\]+]+\]|[^\[\]:+]+){_PORT}(?:\+(?P<mark>private|http))?")
_URL: Final = re.compile(
    rf"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+){_PORT}"
    # RFC 3986's characters of a path and a query. Two slashes at the front could be taken for another host.
    r"(?P<target>(?!//)[/?][0-9A-Za-z._~!$&'()*+,;=:@/?%-]*)?"
)
_LABEL: Final = re.compile(r"(?!-)[0-9a-z-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")

_HOW_TO_LIST: Final = "give a host or host:port, with +private or +http behind it where that is meant"


@frozen
class Place:
    """Where a call goes: a listed host, and a path there that is the client's."""

    host: str
    """In lower case, without brackets and without the dot of the root."""
    port: int
    is_secure: bool
    reach: Reach
    target: str = field(repr=False)

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address, and nothing is to be resolved."""
        return _is_address(self.host)

    @property
    def url(self) -> str:
        """The whole, for an HTTP client; the port always named."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_secure else 'http'}://{host}:{self.port}{self.target}"


@frozen
class FunctionHosts:
    """The hosts at which functions may be called; of a host that is listed without a port, the port of its scheme."""

    _reaches: Mapping[tuple[bool, str, int], Reach] = field(factory=dict)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._reaches)

    @classmethod
    def listed(cls, entries: Iterable[str]) -> "FunctionHosts":
        """
        The operator's list: ``HOST``, ``HOST:PORT``, and either with ``+private`` or ``+http``.

        ``+private`` lets a name have addresses of private networks; ``+http`` calls this machine without TLS.

        Raises:
            ConfigError: an entry is not of this form; the text says which and what to change.
        """
        reaches: dict[tuple[bool, str, int], Reach] = {}
        for entry in entries:
            key, reach = _read(entry)
            if key in reaches:
                raise ConfigError(f"the function host {entry!r} is listed twice")
            reaches[key] = reach
        return cls(reaches)

    def place(self, url: str) -> Place | None:
        """Where a client's URL leads; ``None`` if it is not plain, or leads anywhere but to a listed host."""
        match = _URL.fullmatch(url) if len(url) <= MAX_URL_CHARS else None
        host = _normal(match["host"]) if match else None
        if match is None or host is None:
            return None
        is_secure = match["scheme"].lower() == "https"
        port = int(match["port"] or (HTTPS_PORT if is_secure else HTTP_PORT))
        reach = self._reaches.get((is_secure, host, port))
        if reach is None:
            return None
        target = match["target"] or "/"
        return Place(host, port, is_secure, reach, target if target.startswith("/") else f"/{target}")


def _read(entry: str) -> tuple[tuple[bool, str, int], Reach]:
    """One entry of the operator's list."""
    match = _ENTRY.fullmatch(entry)
    host = _normal(_ascii(match["host"])) if match else None
    if match is None or host is None:
        raise ConfigError(f"the function host {entry!r} cannot be used: {_HOW_TO_LIST}")
    is_secure = match["mark"] != "http"
    port = int(match["port"] or (HTTPS_PORT if is_secure else HTTP_PORT))
    if port > MAX_PORT:
        raise ConfigError(f"the function host {entry!r} has a port that does not exist")
    reach = {None: Reach.PUBLIC, "private": Reach.PRIVATE, "http": Reach.LOOPBACK}[match["mark"]]
    if reach is Reach.LOOPBACK and host != "localhost" and not _is_address(host):
        raise ConfigError(f"the function host {entry!r} cannot be called without TLS: +http is for this machine only")
    if _is_address(host) and not reach.covers(host):
        raise ConfigError(f"the function host {entry!r} would never be called: it allows {reach.value}")
    return (is_secure, host, port), reach


def _ascii(host: str) -> str:
    """A name as DNS has it; empty if TLS could not ask for it, which takes a name that IDNA allows."""
    if host.startswith("["):
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _normal(host: str) -> str | None:
    """
    The one form of a host; ``None`` if it has none.

    What ends in a number is an IP address to some readers (``127.1``, ``0x7f.1``, ``2130706433``), so that here it has
    to be one in its usual form.
    """
    if host.startswith("["):
        try:
            ip = IPv6Address(host[1:-1])
        except AddressValueError:
            return None
        return ip.compressed if ip.scope_id is None else None
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > MAX_NAME_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if not _NUMBER.fullmatch(labels[-1]):
        return name
    try:
        return str(IPv4Address(name))
    except AddressValueError:
        return None


def _is_address(host: str) -> bool:
    """Whether a host in its normal form is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
