"""
The configuration: a file, the environment and the command line, in rising order.

Responsible for reading each, for what is missing or wrong, and for saying so in one line.

Must not know: what a setting does, but for the rules of an upstream and its key, and of a function's host.

Comes from: ``turngate.toml``, ``TURNGATE_*``, ``twistd turngate --...``. Goes to: ``tap.py``.
"""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, fields_dict, frozen

from turngate.errors import ConfigError
from turngate.net import BearerKey, FunctionHosts, Quotas, UpstreamAddress
from turngate.ops.logging import LEVELS
from turngate.ops.secrets import key_from_environment, key_from_file
from turngate.protocols.realtime import DIALECTS, Dialect, completed, dialect_of
from turngate.proxy.session import DEEPGRAM_PATH
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
PREFIX: Final = "TURNGATE_"
EXAMPLES: Final = {
    "voices": '"deepgram:aura-2-thalia-en" = "marin"',
    "models": '"gpt-4o-mini" = "gpt-realtime-mini"',
    "languages": '"yue" = "zh"',
}
KEY_VARIABLE: Final = "OPENAI_API_KEY"

ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#*@\s]+/?")

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})


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
    client_keys_file: str | None = None
    """Where the hashes of clients' keys stand; ``None`` asks clients for no key."""
    client_jwks_file: str | None = None
    """Where the public keys stand that sign clients' tokens; ``None`` takes no tokens."""
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
    upstream_key: BearerKey | None = field(default=None, repr=False)
    """From the file, or else from the environment; never from the command line, which every user of a machine sees."""
    near_misses: tuple[tuple[str, str], ...] = ()
    """Environment variables that look like misspelled settings, each with the one that may be meant."""

    @property
    def knows_clients(self) -> bool:
        """Whether clients need a credential."""
        return self.client_keys_file is not None or self.client_jwks_file is not None

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
)
TABLES: Final = ("voices", "models", "languages")
"""Of names to names; in a file only."""
SECONDS: Final = {
    "client_idle_s": (1.0, 86_400.0),
    "resume_s": (0.0, 3_600.0),
    "speech_lead_s": (0.05, 60.0),
    "session_limit_s": (60.0, 86_400.0),
    "dial_budget_s": (0.1, 120.0),
    "dial_total_s": (0.1, 120.0),
    "dial_try_s": (0.1, 60.0),
    "dial_first_word_s": (0.1, 60.0),
}
"""From and to."""
NAMES: Final = ("transcription_model", "client_jwks_file", "client_jwt_audience", "client_jwt_issuer")
"""Single words that are seldom changed."""
COUNTS: Final = {
    "dial_tries": (1, 10),
    "max_sessions": (1, 100_000),
    "max_key_sessions": (1, 100_000),
    "max_address_sessions": (1, 100_000),
    "connects_per_s": (1, 10_000),
    "connect_burst": (1, 10_000),
    "trusted_proxies": (0, 10),
}
"""From and to."""
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
FILE_KEYS: Final = (*KEYS, *NAMES, *SELDOM_LISTS, *SECONDS, *COUNTS, *CAPABILITIES, *TABLES, WAITS)
"""What a file may hold."""
VARIABLES: Final = (*KEYS, *NAMES, *SELDOM_LISTS, *SECONDS, *COUNTS, *CAPABILITIES)
"""What the environment may hold, each with the prefix and in capitals."""
LISTS: Final = {
    "listen": "an endpoint string",
    "function_hosts": "a host",
    "allowed_origins": "an origin such as https://app.example.com",
}
"""The settings with several values, and what each value is."""


def load(options: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """
    The configuration in force.

    Args:
        options: what the command line says; absent or ``None`` where it says nothing. ``config`` names the file.
        environment: the process's environment.

    Raises:
        ConfigError: something cannot be used; the text is one line that says what to change.
    """
    path = options.get("config")
    if path is None:
        path = environment.get(f"{PREFIX}CONFIG") or None
    merged = {
        **(from_file(path) if path is not None else {}),
        **from_environment(environment),
        **{key: options[key] for key in KEYS if options.get(key) is not None},
    }
    for key, value in merged.items():
        words = value if isinstance(value, tuple) else (value,)
        if key in MAY_BE_EMPTY and value == "":
            continue
        if not all(word and word.isprintable() for word in words if isinstance(word, str)):
            raise ConfigError(f"{key} is empty, or holds characters that no name has")
    merged = with_dialect(merged)
    settings = Config(**merged, near_misses=near_misses(environment))
    if settings.log_level not in LEVELS:
        raise ConfigError(f"log_level is one of {', '.join(LEVELS)}, not {settings.log_level!r}")
    if not settings.listen:
        raise ConfigError(f"listen names no endpoint; give at least one, such as {DEFAULT_LISTEN[0]}")
    FunctionHosts.listed(settings.function_hosts)
    for key, words in CHOICES.items():
        if getattr(settings, key) not in words:
            raise ConfigError(f"{key} is {' or '.join(words)}, not {getattr(settings, key)!r}")
    check_component(settings)
    check_origins(settings.allowed_origins)
    if (settings.client_jwks_file is None) != (settings.client_jwt_audience is None):
        raise ConfigError("client_jwks_file and client_jwt_audience need each other: whose tokens, and made for whom")
    return evolve(settings, upstream_key=upstream_key(settings, environment))


def with_dialect(merged: dict[str, Any]) -> dict[str, Any]:
    """
    The settings, with the upstream and the model that its dialect has by default.

    Raises:
        ConfigError: there is no such dialect, or it has no upstream of its own and none is given.
    """
    name, url = merged.get("upstream_dialect"), merged.get("upstream")
    if name is not None and name not in DIALECTS:
        raise ConfigError(f"upstream_dialect is one of {', '.join(DIALECTS)}, not {name!r}")
    dialect = DIALECTS[name] if name is not None else dialect_of(url or DEFAULT_UPSTREAM)
    if url is None:
        if dialect.host is None:
            raise ConfigError(f"the dialect {name} has no upstream of its own; give one, such as --upstream wss://host")
        url = f"{dialect.host}{dialect.path}"
    found = {**merged, "upstream": completed(url, dialect)}
    if dialect.model is not None:
        found.setdefault("model", dialect.model)
    return found


def check_component(settings: Config) -> None:
    """
    Whether components can be served as configured.

    Raises:
        ConfigError: they cannot; the line says why.
    """
    path = settings.component_path
    if path and (not path.startswith("/") or set("?#") & set(path) or path == DEEPGRAM_PATH):
        raise ConfigError(f"component_path is a path such as {DEFAULT_COMPONENT_PATH}, not {path!r}")


def check_origins(origins: tuple[str, ...]) -> None:
    """
    Whether each can be the origin of a page.

    Raises:
        ConfigError: one cannot, and would let nobody in.
    """
    for origin in origins:
        if ORIGIN.fullmatch(origin) is None:
            raise ConfigError(
                f"allowed_origins has {origin!r}; an origin is a scheme and a host, such as https://app.example.com, "
                "without a path or a wildcard"
            )


def upstream_key(settings: Config, environment: Mapping[str, str]) -> BearerKey | None:
    """
    The key for the configured upstream, if there is one.

    Raises:
        ConfigError: the key, the upstream, or the two together cannot be used.
    """
    # a file that was named is read in any case: a wrong option is an error although it has no effect
    key = key_from_file(settings.upstream_key_file) if settings.upstream_key_file is not None else None
    if settings.upstream == SIMULATOR:
        return None
    target = UpstreamAddress(settings.upstream, settings.model).target(None)
    key = key or key_from_environment(KEY_VARIABLE, environment)
    if key is None and target.host == KEYED_HOST:
        raise ConfigError(
            f"there is no key for the upstream: set {KEY_VARIABLE}, give --upstream-key-file, "
            "or try it without one by --upstream simulator"
        )
    if key is not None and not target.may_see_key:
        raise ConfigError("the upstream key would go over the network in the clear; give a wss:// upstream")
    return key


def from_file(path: str) -> dict[str, Any]:
    """The settings in a TOML file."""
    try:
        with Path(path).open("rb") as source:
            table = tomllib.load(source)
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no valid TOML: {error}") from None
    return {key: checked(key, value, path) for key, value in table.items()}


def checked(key: str, value: object, where: str) -> Any:
    """One setting of a file, with its type."""
    if key not in FILE_KEYS:
        raise ConfigError(f"{where} has an unknown key {key!r}{suggestion(key, FILE_KEYS)}")
    if key in SWITCHES:
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: {key} is true or false")
        return value
    if key in SECONDS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{where}: {key} is a number of seconds")
        return seconds(f"{where}: {key}", value, SECONDS[key])
    if key in COUNTS:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(f"{where}: {key} is a whole number")
        return count(f"{where}: {key}", key, value)
    if key == WAITS:
        return waits(value, where)
    if key in TABLES:
        if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value.values()):
            raise ConfigError(f"{where}: [{key}] is a table of names, such as {EXAMPLES[key]}")
        return value
    if key in LISTS:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise ConfigError(f"{where}: {key} is {LISTS[key]}, or a list of them")
        return tuple(values)
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key} is a string")
    return value


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings in the environment; several values are separated by spaces."""
    found: dict[str, Any] = {}
    for key in VARIABLES:
        value = environment.get(PREFIX + key.upper())
        if not value and (value is None or key not in MAY_BE_EMPTY):
            # an empty variable is how many set-ups say that there is none
            continue
        if key in LISTS:
            found[key] = tuple(value.split())
        elif key in SWITCHES:
            found[key] = truth(PREFIX + key.upper(), value)
        elif key in SECONDS:
            found[key] = number(PREFIX + key.upper(), key, value)
        elif key in COUNTS:
            found[key] = whole_number(PREFIX + key.upper(), key, value)
        else:
            found[key] = value
    return found


def number(name: str, key: str, value: str) -> float:
    """A number of seconds, in writing."""
    try:
        return seconds(name, float(value), SECONDS[key])
    except ValueError:
        raise ConfigError(f"{name} is a number of seconds, not {value!r}") from None


def whole_number(name: str, key: str, value: str) -> int:
    """A number of things, in writing."""
    try:
        return count(name, key, int(value))
    except ValueError:
        raise ConfigError(f"{name} is a whole number, not {value[:20]!r}") from None


def count(name: str, key: str, value: int) -> int:
    """A number of things within its bounds."""
    least, most = COUNTS[key]
    if not least <= value <= most:
        raise ConfigError(f"{name} is from {least} to {most}")
    return value


def waits(table: object, where: str) -> Waits:
    """The seconds of the waits that a file names; the others stay as they are."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: [{WAITS}] is a table of seconds, such as tool_results_s = 30")
    known = tuple(name for name in fields_dict(Waits) if name not in ELSEWHERE)
    chosen = {}
    for name, value in table.items():
        if name in ELSEWHERE:
            raise ConfigError(f"{where}: [{WAITS}] has no {name}; set {ELSEWHERE[name]}, outside of the table")
        if name not in known:
            raise ConfigError(f"{where}: [{WAITS}] has an unknown key {name!r}{suggestion(name, known)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{where}: {name} in [{WAITS}] is a number of seconds")
        chosen[name] = seconds(f"{where}: {name} in [{WAITS}]", value, WAIT_BOUNDS)
    return Waits(**chosen)


def seconds(name: str, value: float, bounds: tuple[float, float]) -> float:
    """A number of seconds within its bounds."""
    least, most = bounds
    if not least <= value <= most:
        raise ConfigError(f"{name} is from {least:g} to {most:g} seconds, not {value:g}")
    return float(value)


def truth(name: str, value: str) -> bool:
    """A yes or a no."""
    if value.lower() not in TRUE | FALSE:
        raise ConfigError(f"{name} is true or false, not {value!r}")
    return value.lower() in TRUE


def near_misses(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """
    Variables that look like misspelled settings, each with the one that may be meant.

    Not an error: an orchestrator makes ``TURNGATE_PORT`` and its like of a service's name.
    """
    known = [key.upper() for key in (*VARIABLES, "config")]
    strange = (name.removeprefix(PREFIX) for name in sorted(environment) if name.startswith(PREFIX))
    close = ((name, get_close_matches(name, known, 1, 0.75)) for name in strange if name not in known)
    return tuple((PREFIX + name, PREFIX + meant[0]) for name, meant in close if meant)


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """The nearest right name, as the end of a sentence."""
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
