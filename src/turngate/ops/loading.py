"""
The configuration in force: the file, the environment and the command line, in rising order.

Responsible for what beats what, for what is missing or does not go together, and for saying so.

Must not know: what a setting does, but for the rules of an upstream and its key, and of a function's host.

Comes from: ``ops/reading.py``, ``twistd turngate --...``. Goes to: ``tap.py``, ``turngate check-config``.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from turngate.errors import ConfigError
from turngate.net import BearerKey, FunctionHosts, UpstreamAddress
from turngate.ops.collector import url_of
from turngate.ops.config import (
    AUTO,
    CHOICES,
    DEFAULT_COMPONENT_PATH,
    DEFAULT_LISTEN,
    DEFAULT_UPSTREAM,
    KEY_VARIABLE,
    KEYED_HOST,
    KEYS,
    MAX_WORKERS,
    MAY_BE_EMPTY,
    PREFIX,
    PRICES,
    SIMULATOR,
    TABLES,
    WAITS,
    Config,
)
from turngate.ops.jwks import place_of
from turngate.ops.logging import LEVELS
from turngate.ops.prices import check_cost, prices_of
from turngate.ops.reading import Found, Name, Reading, from_environment, from_file, near_misses
from turngate.ops.secrets import key_from, key_from_environment
from turngate.protocols.realtime import DIALECTS, completed, dialect_of
from turngate.proxy.session import DEEPGRAM_PATH
from turngate.session.policy import Waits

ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#*@\s]+/?")


@frozen
class Survey:
    """All that is known of a configuration, be it usable or not."""

    found: Mapping[Name, Found]
    """What was set, and where."""
    faults: tuple[str, ...]
    config: Config | None
    """``None`` where something is wrong."""


def load(options: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """
    The configuration in force.

    Args:
        options: what the command line says; absent or ``None`` where it says nothing. ``config`` names the file.
        environment: the process's environment.

    Raises:
        ConfigError: something cannot be used; the text is one line that says what to change.
    """
    survey = surveyed(options, environment)
    if survey.config is None:
        first, *others = survey.faults
        raise ConfigError(f"{first} (and {len(others)} more: turngate check-config)" if others else first)
    return survey.config


def surveyed(options: Mapping[str, Any], environment: Mapping[str, str]) -> Survey:
    """The configuration, with all that is wrong with it; see :func:`load`."""
    path = options.get("config")
    if path is None:
        path = environment.get(f"{PREFIX}CONFIG") or None
    in_file = from_file(path) if path is not None else Reading()
    around = from_environment(environment)
    given: dict[Name, Found] = {
        (key,): Found(options[key], "the command line") for key in KEYS if options.get(key) is not None
    }
    found = {**in_file.found, **around.found, **given}
    faults = [*in_file.faults, *around.faults]
    settings = _checked(found, environment, faults)
    return Survey(found, tuple(faults), settings if not faults else None)


def _checked(found: Mapping[Name, Found], environment: Mapping[str, str], faults: list[str]) -> Config | None:
    """The settings as one, with whatever is wrong with them added to ``faults``; ``None`` if they cannot be one."""
    sound = dict(found)
    for name, one in found.items():
        try:
            check_words(name[0], one.value)
        except ConfigError as error:
            faults.append(f"{error} ({one.origin})")
            del sound[name]
    try:
        settings = Config(**with_dialect(nested(sound)), near_misses=near_misses(environment))
    except ConfigError as error:
        faults.append(str(error))
        return None
    for key, check in CHECKS.items():
        try:
            check(settings)
        except ConfigError as error:
            faults.append(f"{error} ({sound[key,].origin})" if (key,) in sound else str(error))
    if faults:
        # what is wrong already would be said of the key again, in other words
        return None
    try:
        return evolve(settings, upstream_key=upstream_key(settings, environment))
    except ConfigError as error:
        faults.append(str(error))
        return None


def nested(found: Mapping[Name, Found]) -> dict[str, Any]:
    """The settings by name, with the tables as tables."""
    merged: dict[str, Any] = {}
    for path, one in found.items():
        if len(path) == 1:
            merged[path[0]] = one.value
        else:
            table, name = path
            merged.setdefault(table, {})[name] = one.value
    if WAITS in merged:
        merged[WAITS] = Waits(**merged[WAITS])
    return merged


def check_words(key: str, value: object) -> None:
    """No name, address or path is empty, or has a line's end in it."""
    if (key in MAY_BE_EMPTY and value == "") or key in TABLES:
        return
    words = value if isinstance(value, tuple) else (value,)
    if not all(word and word.isprintable() for word in words if isinstance(word, str)):
        raise ConfigError(f"{key} is empty, or holds characters that no name has")


def check_log_level(settings: Config) -> None:
    """Whether there is such a level."""
    if settings.log_level not in LEVELS:
        raise ConfigError(f"log_level is one of {', '.join(LEVELS)}, not {settings.log_level!r}")


def check_listen(settings: Config) -> None:
    """Whether anybody can come."""
    if not settings.listen:
        raise ConfigError(f"listen names no endpoint; give at least one, such as {DEFAULT_LISTEN[0]}")


def check_choice(key: str, settings: Config) -> None:
    """Whether a setting that is one of a few words is one of them."""
    if getattr(settings, key) not in CHOICES[key]:
        raise ConfigError(f"{key} is {' or '.join(CHOICES[key])}, not {getattr(settings, key)!r}")


def check_workers(settings: Config) -> None:
    """Whether it is a number of processes."""
    given = settings.workers
    if given != AUTO and not (given.isascii() and given.isdigit() and 1 <= int(given[:4]) <= MAX_WORKERS):
        raise ConfigError(f"workers is a number from 1 to {MAX_WORKERS}, or {AUTO}, not {given!r}")


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


def check_origins(settings: Config) -> None:
    """
    Whether each can be the origin of a page.

    Raises:
        ConfigError: one cannot, and would let nobody in.
    """
    for origin in settings.allowed_origins:
        if ORIGIN.fullmatch(origin) is None:
            raise ConfigError(
                f"allowed_origins has {origin!r}; an origin is a scheme and a host, such as https://app.example.com, "
                "without a path or a wildcard"
            )


def check_tokens(settings: Config) -> None:
    """Whether it is known whose tokens are taken, and for whom they are made."""
    if settings.client_jwks_file is not None and settings.client_jwks_url is not None:
        raise ConfigError("client_jwks_file and client_jwks_url exclude each other; give the one that holds the keys")
    if (settings.client_jwks_file or settings.client_jwks_url) is None and settings.client_jwt_audience is not None:
        raise ConfigError("client_jwt_audience needs client_jwks_file or client_jwks_url: whose tokens are taken")
    if (settings.client_jwks_file or settings.client_jwks_url) is not None and settings.client_jwt_audience is None:
        raise ConfigError("tokens need client_jwt_audience: for whom they are made, such as the name of this service")
    if settings.client_jwks_url is not None:
        place_of(settings.client_jwks_url)


def upstream_key(settings: Config, environment: Mapping[str, str]) -> BearerKey | None:
    """
    The key for the configured upstream, if there is one.

    Raises:
        ConfigError: the key, the upstream, or the two together cannot be used.
    """
    # a file that was named is read in any case: a wrong option is an error although it has no effect
    key = key_from(settings.upstream_key_file, environment) if settings.upstream_key_file is not None else None
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


CHECKS: Final[Mapping[str, Callable[[Config], object]]] = {
    "log_level": check_log_level,
    "listen": check_listen,
    "function_hosts": lambda settings: FunctionHosts.listed(settings.function_hosts),
    **{key: partial(check_choice, key) for key in CHOICES},
    "component_path": check_component,
    "workers": check_workers,
    "allowed_origins": check_origins,
    "client_jwks_file": check_tokens,
    "otel_endpoint": lambda settings: url_of(settings.otel_endpoint) if settings.otel_endpoint else None,
    PRICES: prices_of,
    **{
        cap: partial(lambda cap, settings: check_cost(settings, cap, getattr(settings, cap)), cap)
        for cap in ("max_session_cost", "max_day_cost")
    },
}
"""What a setting has to be, beyond its type; the others have no such rule."""
