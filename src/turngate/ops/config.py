"""
The configuration: what can be set, of which kind it is, and what it is by default.

Responsible for the values, and for the tables of their names, kinds and bounds.

Must not know: where a value comes from (``ops/reading.py``), or which ones go together (``ops/loading.py``).

Goes to: ``assembly/``.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from math import ceil
from os import sched_getaffinity
from typing import Any, Final

from attrs import field, frozen

from turngate.net import BearerKey, Limits, Quotas
from turngate.protocols.realtime import DIALECTS, Dialect, dialect_of
from turngate.session.policy import Waits

SIMULATOR: Final = "simulator"
DEFAULT_LISTEN: Final = ("tcp:8080:interface=127.0.0.1",)
KEYED_HOST: Final = "api.openai.com"
"""It takes nobody without a key; other upstreams may."""
DEFAULT_UPSTREAM: Final = f"wss://{KEYED_HOST}/v1/realtime?model={{model}}"
DEFAULT_MODEL: Final = "gpt-realtime"
DEFAULT_COMPONENT_PATH: Final = "/openai"
COMPONENT_SETTINGS: Final = ("apply", "acknowledge")
CHOICES: Final = {
    "component_settings": COMPONENT_SETTINGS,
    "rollover": ("on", "off"),
    "late_voice": ("refuse", "move"),
}
"""Settings that are one of a few words."""
AUTO: Final = "auto"
MAX_WORKERS: Final = 64
PREFIX: Final = "TURNGATE_"
EXAMPLES: Final = {
    "voices": '"deepgram:aura-2-thalia-en" = "marin"',
    "models": '"gpt-4o-mini" = "gpt-realtime-mini"',
    "languages": '"yue" = "zh"',
}
KEY_VARIABLE: Final = "OPENAI_API_KEY"


@frozen
class Config:
    """What the operator has decided; every default is here."""

    listen: tuple[str, ...] = DEFAULT_LISTEN
    """Twisted server endpoint strings."""
    upstream: str = DEFAULT_UPSTREAM
    """A ``ws://`` or ``wss://`` URL in which ``{model}`` is replaced, or ``simulator``."""
    upstream_dialect: str | None = None
    """The name of the upstream's dialect; ``None`` goes by the URL's host."""
    model: str = DEFAULT_MODEL
    upstream_key_file: str | None = None
    """A file, or a reference in the form of :func:`turngate.ops.secrets.key_from`."""
    log_level: str = "info"
    allow_anonymous: bool = False
    """Listen beyond the loopback although clients need no credentials."""
    function_hosts: tuple[str, ...] = ()
    client_idle_s: float = 60.0
    """How long a client may send nothing at all."""
    resume_s: float = 30.0
    """How long a session waits for a client that was cut off; 0 is not at all."""
    speech_lead_s: float | None = None
    """How far ahead of what is played speech is sent; ``None`` sends it as it comes."""
    dial_tries: int = 3
    """How often a session tries to reach the upstream, ..."""
    dial_budget_s: float = 10.0
    """... until when it begins another try, ..."""
    dial_total_s: float = 15.0
    """... and when it gives up at the latest."""
    dial_try_s: float = 5.0
    """How long one try may take, until the WebSocket is open."""
    dial_first_word_s: float = 10.0
    """How long the upstream may say nothing after that."""
    waits: Waits = field(factory=Waits)
    """How long the rules of a session wait for each thing."""
    pass_g711: bool = True
    """Whether the upstream takes a telephone's sound as it comes; else it is converted here."""
    voices: Mapping[str, str] = field(factory=dict)
    """The upstream's voice for a ``provider:voice`` of a client's."""
    models: Mapping[str, str] = field(factory=dict)
    """The upstream's model for the name of a client's."""
    languages: Mapping[str, str] = field(factory=dict)
    """The ISO-639-1 code for a language tag of a client's."""
    """Where functions of clients may be called, in the form of :meth:`FunctionHosts.listed`; nowhere by default."""
    transcription_model: str | None = None
    """The upstream's model that writes down the user's speech; ``None`` is the dialect's own."""
    text_ends_response: bool = False
    """The upstream ends a written answer with its text alone, and never says ``response.done``."""
    component_path: str = DEFAULT_COMPONENT_PATH
    """Where components connect; empty where none may."""
    component_settings: str = COMPONENT_SETTINGS[0]
    """What becomes of a component's Settings while a response is active."""
    rollover: str = "on"
    """Whether a session goes on with another upstream session when its own is lost, or may not be longer."""
    session_limit_s: float | None = None
    """How long an upstream session may be; ``None`` is what is known of the upstream."""
    late_voice: str = "refuse"
    """What becomes of another voice after the agent has spoken: the session may move to another upstream session."""
    drain_s: float = 30.0
    """How long calls may go on, to a quiet moment of theirs, when the proxy is to stop."""
    admin: str | None = None
    """Where the operator looks at it: an endpoint string, or a port of the loopback; ``None`` is nowhere."""
    workers: str = "1"
    """How many processes share the sessions: a number, or ``auto`` for as many as there are cores."""
    admin_token_file: str | None = None
    """Holds what the operator shows there; without it, it is for this machine only."""
    client_keys_file: str | None = None
    """Where the hashes of clients' keys stand; ``None`` asks clients for no key."""
    client_jwks_file: str | None = None
    """Where the public keys stand that sign clients' tokens; ``None`` takes no tokens."""
    client_jwks_url: str | None = None
    """Where they are fetched from, instead of a file."""
    client_jwt_audience: str | None = None
    """For whom the tokens have to be made."""
    client_jwt_issuer: str | None = None
    """By whom; ``None`` is whoever has one of the keys."""
    allowed_origins: tuple[str, ...] = ()
    """Of whose pages a browser may connect, beside those of this machine."""
    trusted_proxies: int = 0
    """How many proxies in front write ``X-Forwarded-For``, and can be believed."""
    max_sessions: int = Quotas().max_sessions
    max_key_sessions: int = Quotas().max_key_sessions
    max_address_sessions: int = Quotas().max_address_sessions
    connects_per_s: int = int(Quotas().connects_per_s)
    """Of one key, and of one address, on the average ..."""
    connect_burst: int = Quotas().connect_burst
    """... and at once."""
    client_frames_per_s: int = int(Limits().client_max_frames_per_s)
    """How many messages a client may send in the long run, and ten times as many at once."""
    max_session_minutes: float | None = None
    """What one session may use; ``None`` is as much as it likes."""
    max_session_tokens: int | None = None
    max_session_cost: float | None = None
    max_day_minutes: float | None = None
    """What all sessions of one client may use in a day, where its key does not say otherwise."""
    max_day_tokens: int | None = None
    max_day_cost: float | None = None
    usage_file: str | None = None
    """Where what was used is kept when the proxy stops; ``None`` forgets it."""
    otel_endpoint: str | None = None
    """Where traces are sent, by OTLP over HTTP; ``None`` makes none."""
    prices: Mapping[str, Any] = field(factory=dict)
    """What tokens cost, in the form of the file: by kind, and for some models by name; see ``ops/prices.py``."""
    upstream_key: BearerKey | None = field(default=None, repr=False)
    """From the file, or else from the environment; never from the command line, which every user of a machine sees."""
    near_misses: tuple[tuple[str, str], ...] = ()
    """Environment variables that look like misspelled settings, each with the one that may be meant."""

    @property
    def worker_count(self) -> int:
        """How many processes share the sessions."""
        return min(MAX_WORKERS, len(sched_getaffinity(0))) if self.workers == AUTO else int(self.workers)

    @property
    def knows_clients(self) -> bool:
        """Whether clients need a credential."""
        places = (self.client_keys_file, self.client_jwks_file, self.client_jwks_url)
        return any(place is not None for place in places)

    @property
    def quotas(self) -> Quotas:
        """How many clients may be in, and how fast they may come."""
        return Quotas(
            max_sessions=self.max_sessions,
            max_key_sessions=self.max_key_sessions,
            max_address_sessions=self.max_address_sessions,
            connects_per_s=float(self.connects_per_s),
            connect_burst=self.connect_burst,
        )

    @property
    def max_connections(self) -> int:
        """How many connections clients may have: a fifth more, for those that come back, or that are refused."""
        return self.max_sessions + ceil(self.max_sessions / 5)

    @property
    def dialect(self) -> Dialect:
        """What the upstream speaks."""
        return DIALECTS[self.upstream_dialect] if self.upstream_dialect else dialect_of(self.upstream)


KEYS: Final = (
    "listen",
    "upstream",
    "upstream_dialect",
    "model",
    "upstream_key_file",
    "log_level",
    "allow_anonymous",
    "client_keys_file",
    "function_hosts",
    "component_path",
    "component_settings",
    "rollover",
    "late_voice",
    "workers",
    "admin",
    "admin_token_file",
)
TABLES: Final = ("voices", "models", "languages")
"""Of names to names; in a file only."""
SECONDS: Final = {
    "client_idle_s": (1.0, 86_400.0),
    "drain_s": (0.0, 3_600.0),
    "resume_s": (0.0, 3_600.0),
    "speech_lead_s": (0.05, 60.0),
    "session_limit_s": (60.0, 86_400.0),
    "dial_budget_s": (0.1, 120.0),
    "dial_total_s": (0.1, 120.0),
    "dial_try_s": (0.1, 60.0),
    "dial_first_word_s": (0.1, 60.0),
}
"""From and to."""
NAMES: Final = (
    "transcription_model",
    "client_jwks_file",
    "client_jwks_url",
    "client_jwt_audience",
    "client_jwt_issuer",
    "usage_file",
    "otel_endpoint",
)
"""Single words that are seldom changed."""
COUNTS: Final = {
    "dial_tries": (1, 10),
    "max_sessions": (1, 100_000),
    "max_key_sessions": (1, 100_000),
    "max_address_sessions": (1, 100_000),
    "connects_per_s": (1, 10_000),
    "connect_burst": (1, 10_000),
    "client_frames_per_s": (100, 1_000_000),
    "trusted_proxies": (0, 10),
    "max_session_tokens": (1, 10**12),
    "max_day_tokens": (1, 10**12),
}
"""From and to."""
AMOUNTS: Final = {
    "max_session_minutes": (0.1, 1e6),
    "max_session_cost": (1e-6, 1e9),
    "max_day_minutes": (0.1, 1e6),
    "max_day_cost": (1e-6, 1e9),
}
"""From and to: minutes, and money of the operator's currency."""
PRICES: Final = "prices"
WAITS: Final = "waits"
ELSEWHERE: Final = {
    "client_return_s": "resume_s",
    "limit_near_s": "session_limit_s",
    "limit_s": "session_limit_s",
}
"""Waits that follow from another setting."""
WAIT_BOUNDS: Final = (0.01, 86_400.0)
"""From and to, for each of the others: none can be switched off."""
CAPABILITIES: Final = ("pass_g711", "text_ends_response")
"""What the upstream can do, or does otherwise than the API."""
SWITCHES: Final = frozenset({"allow_anonymous", *CAPABILITIES})
MAY_BE_EMPTY: Final = frozenset({"component_path"})
SELDOM_LISTS: Final = ("allowed_origins",)
FILE_KEYS: Final = (*KEYS, *NAMES, *SELDOM_LISTS, *SECONDS, *COUNTS, *AMOUNTS, *CAPABILITIES, *TABLES, WAITS, PRICES)
"""What a file may hold."""
VARIABLES: Final = (*KEYS, *NAMES, *SELDOM_LISTS, *SECONDS, *COUNTS, *AMOUNTS, *CAPABILITIES)
"""What the environment may hold, each with the prefix and in capitals."""
LISTS: Final = {
    "listen": "an endpoint string",
    "function_hosts": "a host",
    "allowed_origins": "an origin such as https://app.example.com",
}
"""The settings with several values, and what each value is."""


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """The nearest right name, as the end of a sentence."""
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
