"""
Every limit of a connection in one value, and every limit of a function call in another.

Responsible for the numbers and for telling Autobahn about them: nothing is left at a default of Autobahn's, nearly all
of which are "unlimited".

Must not know: what is said on a connection. Autobahn is known by the names of its options only.

Comes from: the configuration. Goes to: ``net/_autobahn.py`` (the options), ``net/bridge.py`` (the rest), and
``net/functions.py``.
"""

from typing import Final

from attrs import field, frozen
from attrs.validators import ge, gt

KIB: Final = 1024
MIB: Final = 1024 * KIB


@frozen(kw_only=True)
class Limits:
    """What a connection may cost. None of them can be switched off; a ``ValueError`` says so."""

    handshake_s: float = field(default=5.0, validator=gt(0))
    """From TCP to an open WebSocket, TLS included."""

    handshake_max_bytes: int = field(default=16 * KIB, validator=gt(0))
    """Of an HTTP header, either way. Autobahn has no cap, and its cost is quadratic in the length."""

    handshake_max_headers: int = field(default=100, validator=gt(0))

    dial_s: float = field(default=5.0, validator=gt(0))
    """From the wish for an upstream to its open WebSocket: name, TCP, TLS and upgrade together."""

    first_word_s: float = field(default=10.0, validator=gt(0))
    """From an upstream's open WebSocket to its first message."""

    close_handshake_s: float = field(default=3.0, validator=gt(0))
    """From the first sign of closing to a dropped TCP connection, whoever began."""

    client_max_message_bytes: int = field(default=1 * MIB, validator=gt(0))
    upstream_max_message_bytes: int = field(default=16 * MIB, validator=gt(0))

    max_fragments: int = field(default=1024, validator=gt(0))
    """Frames of one message: empty ones cost time and no bytes."""

    client_message_s: float = field(default=30.0, validator=gt(0))
    """From the first sign of a client's message to its end, while the client is read; pings in between do not count."""

    client_max_frames_per_s: float = field(default=500.0, validator=gt(0))
    """In the long run, and ten times as many at once; speech in pieces of 20 ms is 50."""

    client_max_control_frames_per_s: float = field(default=20.0, validator=gt(0))
    """Pings, pongs and closes, counted among the others too."""

    ping_interval_s: int = field(default=20, validator=ge(3))
    """Below the 60 s after which common proxies drop a silent connection. Autobahn's timers count in whole seconds and
    may fire one early; hence no less than 3."""

    ping_timeout_s: int = field(default=20, validator=ge(3))

    client_max_unsent_bytes: int = field(default=4 * MIB, validator=gt(0))
    """What may be sent to a peer after its transport said that it takes no more, until the connection is dropped. The
    transport says so at 64 KiB (Twisted's own mark, which is the size of its reads too) and again when it is empty."""

    upstream_max_unsent_bytes: int = field(default=20 * MIB, validator=gt(0))

    max_connections: int = field(default=1200, validator=gt(0))
    """Open client connections; more are answered with 503."""

    max_unopened_connections: int = field(default=256, validator=gt(0))
    """Client connections above that number which may be in their handshake; more are dropped unread."""


@frozen(kw_only=True)
class FunctionLimits:
    """What calls may cost. None of them can be switched off; a ``ValueError`` says so."""

    call_s: float = field(default=5.0, validator=gt(0))
    """From the wish for a call to its last byte: name, TCP, TLS, request and answer together."""

    attempt_s: float = field(default=2.0, validator=gt(0))
    """For one address, where there is another to try."""

    max_arguments_bytes: int = field(default=1 * MIB, validator=gt(0))
    max_output_bytes: int = field(default=1 * MIB, validator=gt(0))

    max_head_bytes: int = field(default=64 * KIB, validator=gt(0))
    """Before the body, interim answers included. Twisted bounds a line, and not how many there are."""

    max_calls: int = field(default=64, validator=gt(0))
    """At once, of all sessions."""

    max_session_calls: int = field(default=8, validator=gt(0))
    """At once, of one session."""


def client_leg_options(limits: Limits) -> dict[str, object]:
    """The keyword arguments of ``setProtocolOptions`` of Autobahn's server factory, all of them."""
    return {
        **_shared_options(limits, limits.client_max_message_bytes),
        "versions": [13],
        "webStatus": False,
        "requireMaskedClientFrames": True,
        "maskServerFrames": False,
        "serveFlashSocketPolicy": False,
        "flashSocketPolicy": None,
        # ours is stricter and answers 403: see admission.py
        "allowedOrigins": ["*"],
        "allowNullOrigin": False,
        # counted by the listener, for Autobahn's count is wrong after a failed connectionLost
        "maxConnections": limits.max_connections + limits.max_unopened_connections,
        "trustXForwardedFor": 0,
    }


def upstream_leg_options(limits: Limits) -> dict[str, object]:
    """The keyword arguments of ``setProtocolOptions`` of Autobahn's client factory, all of them."""
    return {
        **_shared_options(limits, limits.upstream_max_message_bytes),
        "version": 18,
        "acceptMaskedServerFrames": False,
        "maskClientFrames": True,
        "serverConnectionDropTimeout": 0,
        "perMessageCompressionOffers": [],
    }


def _shared_options(limits: Limits, max_message_bytes: int) -> dict[str, object]:
    """Options that both of Autobahn's factories have."""
    return {
        "utf8validateIncoming": True,
        "applyMask": True,
        "maxFramePayloadSize": max_message_bytes,
        "maxMessagePayloadSize": max_message_bytes,
        "autoFragmentSize": 0,
        "failByDrop": False,
        "echoCloseCodeReason": False,
        "tcpNoDelay": True,
        "perMessageCompressionAccept": _decline,
        # The bridge keeps these two and serverConnectionDropTimeout with exact timers of its own: Autobahn's fire up to
        # a second early, do not cover a peer that answers a close and stays, and one is not cancelled at the end.
        "openHandshakeTimeout": 0,
        "closeHandshakeTimeout": 0,
        "autoPingInterval": limits.ping_interval_s,
        "autoPingTimeout": limits.ping_timeout_s,
        "autoPingSize": 12,
        "autoPingRestartOnAnyTraffic": True,
    }


def _decline(_offered: object) -> None:
    """Accept no compression: bombs and 70 KiB a connection, for audio that does not compress."""
