"""
The configuration: a file, the environment and the command line, in rising order.

Responsible for reading each, for what is missing or wrong, and for saying so in one line.

Must not know: what a setting does, but for the rules of an upstream and its key, and of a function's host.

Comes from: ``turngate.toml``, ``TURNGATE_*``, ``twistd turngate --...``. Goes to: ``tap.py``.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from turngate.errors import ConfigError
from turngate.net import BearerKey, FunctionHosts, UpstreamAddress
from turngate.ops.logging import LEVELS
from turngate.ops.secrets import key_from_environment, key_from_file

SIMULATOR: Final = "simulator"
DEFAULT_LISTEN: Final = ("tcp:8080:interface=127.0.0.1",)
KEYED_HOST: Final = "api.openai.com"
"""It takes nobody without a key; other upstreams may."""
DEFAULT_UPSTREAM: Final = f"wss://{KEYED_HOST}/v1/realtime?model={{model}}"
DEFAULT_MODEL: Final = "gpt-realtime"
PREFIX: Final = "TURNGATE_"
KEY_VARIABLE: Final = "OPENAI_API_KEY"

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})


@frozen
class Config:
    """What the operator has decided; every default is here."""

    listen: tuple[str, ...] = DEFAULT_LISTEN
    """Twisted server endpoint strings."""
    upstream: str = DEFAULT_UPSTREAM
    """A ``ws://`` or ``wss://`` URL in which ``{model}`` is replaced, or ``simulator``."""
    model: str = DEFAULT_MODEL
    upstream_key_file: str | None = None
    log_level: str = "info"
    allow_anonymous: bool = False
    """Listen beyond the loopback although clients need no credentials."""
    function_hosts: tuple[str, ...] = ()
    """Where functions of clients may be called, in the form of :meth:`FunctionHosts.listed`; nowhere by default."""
    upstream_key: BearerKey | None = field(default=None, repr=False)
    """From the file, or else from the environment; never from the command line, which every user of a machine sees."""
    near_misses: tuple[tuple[str, str], ...] = ()
    """Environment variables that look like misspelled settings, each with the one that may be meant."""


KEYS: Final = ("listen", "upstream", "model", "upstream_key_file", "log_level", "allow_anonymous", "function_hosts")
LISTS: Final = {"listen": "an endpoint string", "function_hosts": "a host"}
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
        if not all(word and word.isprintable() for word in words if isinstance(word, str)):
            raise ConfigError(f"{key} is empty, or holds characters that no name has")
    settings = Config(**merged, near_misses=near_misses(environment))
    if settings.log_level not in LEVELS:
        raise ConfigError(f"log_level is one of {', '.join(LEVELS)}, not {settings.log_level!r}")
    if not settings.listen:
        raise ConfigError(f"listen names no endpoint; give at least one, such as {DEFAULT_LISTEN[0]}")
    FunctionHosts.listed(settings.function_hosts)
    return evolve(settings, upstream_key=upstream_key(settings, environment))


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
    if key not in KEYS:
        raise ConfigError(f"{where} has an unknown key {key!r}{suggestion(key, KEYS)}")
    if key == "allow_anonymous":
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: allow_anonymous is true or false")
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
    for key in KEYS:
        value = environment.get(PREFIX + key.upper())
        if not value:
            # an empty variable is how many set-ups say that there is none
            continue
        if key in LISTS:
            found[key] = tuple(value.split())
        elif key == "allow_anonymous":
            found[key] = truth(PREFIX + key.upper(), value)
        else:
            found[key] = value
    return found


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
    known = [key.upper() for key in (*KEYS, "config")]
    strange = (name.removeprefix(PREFIX) for name in sorted(environment) if name.startswith(PREFIX))
    close = ((name, get_close_matches(name, known, 1, 0.75)) for name in strange if name not in known)
    return tuple((PREFIX + name, PREFIX + meant[0]) for name, meant in close if meant)


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """The nearest right name, as the end of a sentence."""
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
