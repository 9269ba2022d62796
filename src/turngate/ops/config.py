"""
The configuration: a file, the environment and the command line, in rising order.

Responsible for reading each, for what is missing or wrong, and for saying so in one line.

Must not know: what a setting does.

Comes from: ``turngate.toml``, ``TURNGATE_*``, ``twistd turngate --...``. Goes to: ``tap.py``.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from turngate.errors import ConfigError
from turngate.ops.logging import LEVELS

SIMULATOR: Final = "simulator"
DEFAULT_LISTEN: Final = ("tcp:8080:interface=127.0.0.1",)
DEFAULT_UPSTREAM: Final = "wss://api.openai.com/v1/realtime?model={model}"
DEFAULT_MODEL: Final = "gpt-realtime"
PREFIX: Final = "TURNGATE_"
KEY_VARIABLE: Final = "OPENAI_API_KEY"

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off", ""})


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
    upstream_key: str | None = field(default=None, repr=False)
    """From the file, or from the environment; never from the command line."""
    near_misses: tuple[str, ...] = ()
    """Environment variables that look like misspelled settings."""


KEYS: Final = ("listen", "upstream", "model", "upstream_key_file", "log_level", "allow_anonymous")


def load(options: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """
    The configuration in force.

    Args:
        options: what the command line says; absent or ``None`` where it says nothing. ``config`` names the file.
        environment: the process's environment.

    Raises:
        ConfigError: something cannot be used; the text is one line that says what to change.
    """
    path = options.get("config") or environment.get(f"{PREFIX}CONFIG")
    merged: dict[str, Any] = {}
    if path:
        merged.update(from_file(path))
    merged.update(from_environment(environment))
    merged.update({key: options[key] for key in KEYS if options.get(key) is not None})
    if merged.get("log_level", "info") not in LEVELS:
        raise ConfigError(f"log_level is one of {', '.join(LEVELS)}, not {merged['log_level']!r}")
    if not merged.get("listen", True):
        raise ConfigError("listen names no endpoint; give at least one, such as tcp:8080:interface=127.0.0.1")
    upstream = merged.get("upstream", DEFAULT_UPSTREAM)
    key = None if upstream == SIMULATOR else read_key(merged.get("upstream_key_file"), environment)
    if upstream == DEFAULT_UPSTREAM and key is None:
        raise ConfigError(
            f"there is no key for the upstream: set {KEY_VARIABLE}, give --upstream-key-file, "
            "or try it without one by --upstream simulator"
        )
    return Config(**merged, upstream_key=key, near_misses=near_misses(environment))


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
    if key == "listen":
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise ConfigError(f"{where}: listen is an endpoint string, or a list of them")
        return tuple(values)
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key} is a string")
    return value


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings in the environment; several endpoints are separated by spaces."""
    found: dict[str, Any] = {}
    for key in KEYS:
        value = environment.get(PREFIX + key.upper())
        if value is None:
            continue
        if key == "listen":
            found[key] = tuple(value.split())
        elif key == "allow_anonymous":
            found[key] = truth(PREFIX + key.upper(), value)
        elif value:
            found[key] = value
    return found


def truth(name: str, value: str) -> bool:
    """A yes or a no."""
    if value.lower() not in TRUE | FALSE:
        raise ConfigError(f"{name} is true or false, not {value!r}")
    return value.lower() in TRUE


def near_misses(environment: Mapping[str, str]) -> tuple[str, ...]:
    """
    Variables that look like misspelled settings.

    Not an error: an orchestrator makes ``TURNGATE_PORT`` and its like of a service's name.
    """
    known = {PREFIX + key.upper() for key in KEYS} | {f"{PREFIX}CONFIG"}
    strange = (name for name in sorted(environment) if name.startswith(PREFIX) and name not in known)
    return tuple(name for name in strange if get_close_matches(name, known, 1, 0.85))


def read_key(path: str | None, environment: Mapping[str, str]) -> str | None:
    """The upstream key, from its file or else from the environment."""
    if path is None:
        return environment.get(KEY_VARIABLE) or None
    try:
        key = Path(path).read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigError(f"cannot read the upstream key from {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the upstream key in {path} is not ASCII") from None
    if not key or any(c.isspace() for c in key):
        raise ConfigError(f"{path} does not hold one upstream key and nothing else")
    return key


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """The nearest right name, as the end of a sentence."""
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"
