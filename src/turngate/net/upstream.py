"""
Where the upstream is and what is shown to it: URL, key and headers, all of them the operator's.

Responsible for checking them once, so that nothing a client says can reach a header or choose a host.

Must not know: sockets, Autobahn, sessions.

Comes from: the configuration. Goes to: ``dialer.py``.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from attrs import field, frozen

from turngate.errors import ConfigError

_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

CONCEALED: Final = "[...]"
"""What stands for the key in somebody's words."""

MAX_CONCEALED: Final = 8
"""Of how many keys, one after the other, what an upstream says is cleared."""

MODEL_PLACE: Final = "{model}"

RESERVED_HEADERS: Final = frozenset(
    {"api-key", "authorization", "connection", "host", "openai-beta", "origin", "upgrade"}
)
"""Written by us or by the handshake; and ``OpenAI-Beta``, which is the dialect's to send."""
AUTHORIZATION: Final = "Authorization"


@frozen(repr=False)
class BearerKey:
    """A key that is handed out to whoever calls it, and shown to nobody."""

    _key: str

    def __call__(self) -> str:
        """Hand the key out, for one header."""
        return self._key

    def conceal(self, words: str) -> str:
        """The words without the key."""
        return words.replace(self._key, CONCEALED) if self._key else words

    def __repr__(self) -> str:
        return "BearerKey(...)"


class CurrentKey:
    """The key that is in force, which may be another one later; ``None`` where there is none."""

    def __init__(self, key: BearerKey | None) -> None:
        self._keys: tuple[BearerKey, ...] = ()
        self._current = key
        self.change(key)

    def change(self, key: BearerKey | None) -> None:
        """Hand out another key from now on."""
        self._current = key
        if key is not None:
            self._keys = (key, *self._keys)[:MAX_CONCEALED]

    def __call__(self) -> str | None:
        """Hand the key out, for one header."""
        return self._current() if self._current is not None else None

    def conceal(self, words: str) -> str:
        """The words without the key, and without those of before, which open sessions have shown."""
        # the longest first, for one may be the beginning of another
        for key in sorted(self._keys, key=lambda key: -len(key())):
            words = key.conceal(words)
        return words

    def __repr__(self) -> str:
        return "CurrentKey(...)"


@frozen
class Target:
    """One place to dial."""

    url: str
    host: str
    port: int
    is_secure: bool

    @property
    def may_see_key(self) -> bool:
        """Whether a key may go there: over TLS, or to this very machine."""
        return self.is_secure or _is_loopback(self.host)


@frozen
class UpstreamAddress:
    """
    The configured URL, with ``{model}`` where the model's name goes.

    Raises:
        ConfigError: If it is not a plain ``ws://`` or ``wss://`` URL.
    """

    template: str = field()
    model: str

    @template.validator
    def _check(self, _attribute: object, template: str) -> None:
        if _split(template.replace(MODEL_PLACE, "a")).host != _split(template.replace(MODEL_PLACE, "b")).host:
            raise ConfigError("the upstream URL takes the model in its path or query only")

    def target(self, model: str | None) -> Target:
        """Where to dial for this model, or for the configured one."""
        name = quote(self.model if model is None else model, safe="", errors="replace")
        return _split(self.template.replace(MODEL_PLACE, name))


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """
    The operator's extra headers.

    Raises:
        ConfigError: If one of them cannot be sent, or is not the operator's to set. Values are not quoted.
    """
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise ConfigError(f"the upstream header {name!r} must be visible ASCII, name and value")
        if name.lower() in RESERVED_HEADERS or name.lower().startswith("sec-"):
            raise ConfigError(f"the upstream header {name!r} cannot be set")
    return dict(headers)


def bearer_header(key: str) -> str | None:
    """The ``Authorization`` value for a key; ``None`` if the key could not be sent as one word."""
    return f"Bearer {key}" if _VISIBLE.fullmatch(key) else None


def key_value(key: str, header: str) -> str | None:
    """The value of the header that shows a key; ``None`` as above."""
    bearer = bearer_header(key)
    return bearer if header == AUTHORIZATION or bearer is None else key


def _split(url: str) -> Target:
    """Take a URL apart; the host must not be the one word that Autobahn reads as a Unix socket."""
    if not _VISIBLE.fullmatch(url):
        raise ConfigError("the upstream URL must be visible ASCII without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # the words of the cause quote the URL
        raise ConfigError("the upstream URL cannot be read") from None
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.hostname == "unix" or port == 0:
        raise ConfigError("the upstream URL must be ws://host... or wss://host...")
    if parts.username is not None or parts.fragment:
        raise ConfigError("the upstream URL must have no user name and no fragment")
    is_secure = parts.scheme == "wss"
    return Target(url, parts.hostname, port or (443 if is_secure else 80), is_secure)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
