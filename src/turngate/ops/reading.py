"""
Settings out of a file and the environment.

Responsible for each setting's type and bounds, for where it stands, and for all that is wrong.

Must not know: which settings go together.

Comes from: ``turngate.toml``, ``TURNGATE_*``. Goes to: ``ops/loading.py``.
"""

import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from attrs import Factory, fields_dict, frozen

from turngate.errors import ConfigError
from turngate.ops.config import (
    AMOUNTS,
    COUNTS,
    ELSEWHERE,
    EXAMPLES,
    FILE_KEYS,
    LISTS,
    MAY_BE_EMPTY,
    PREFIX,
    PRICES,
    SECONDS,
    SWITCHES,
    TABLES,
    VARIABLES,
    WAIT_BOUNDS,
    WAITS,
    suggestion,
)
from turngate.ops.positions import line_of
from turngate.ops.prices import CURRENCY, EXAMPLE, entry_of
from turngate.session.policy import Waits

SECTION: Final = f"{PREFIX}_"
"""What a variable of a table begins with: ``TURNGATE__WAITS__TURN_S``."""
TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})

Name = tuple[str, ...]
"""A setting by its name, or by its table's and its name there."""


@frozen
class Found:
    """A setting, and where it was found."""

    value: Any
    origin: str


@frozen
class Reading:
    """What one place says, and what is wrong with that."""

    found: dict[Name, Found] = Factory(dict)
    faults: list[str] = Factory(list)

    def take(self, path: Name, origin: str, read: Callable[[], Any]) -> None:
        """Read one setting."""
        try:
            self.found[path] = Found(read(), origin)
        except ConfigError as error:
            self.faults.append(str(error))


def from_file(path: str) -> Reading:
    """The settings in a TOML file."""
    reading = Reading()
    try:
        text = Path(path).read_bytes().decode()
        table = tomllib.loads(text)
    except OSError as error:
        reading.faults.append(f"cannot read the configuration {path}: {error.strerror}")
        return reading
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reading.faults.append(f"{path} is no valid TOML: {error}")
        return reading
    for key, value in table.items():
        where = f"{path}:{line_of(text, (key,))}"
        if key in (*TABLES, WAITS, PRICES) and isinstance(value, dict):
            for name, one in value.items():
                at = f"{path}:{line_of(text, (key, name))}"
                reading.take((key, name), f"file {at}", lambda: in_table(key, name, one, at))  # noqa: B023 - called at once
        else:
            reading.take((key,), f"file {where}", lambda: checked(key, value, where))  # noqa: B023 - called at once
    return reading


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
    if key in AMOUNTS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{where}: {key} is a number")
        return amount(f"{where}: {key}", key, value)
    if key == PRICES:
        raise ConfigError(f"{where}: [{PRICES}] is a table of prices, such as {EXAMPLE}")
    if key == WAITS:
        raise ConfigError(f"{where}: [{WAITS}] is a table of seconds, such as tool_results_s = 30")
    if key in TABLES:
        raise ConfigError(f"{where}: [{key}] is a table of names, such as {EXAMPLES[key]}")
    if key in LISTS:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise ConfigError(f"{where}: {key} is {LISTS[key]}, or a list of them")
        return tuple(values)
    if key == "workers" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {key} is a string")
    return value


def in_table(table: str, name: str, value: object, where: str) -> Any:
    """One entry of a table of a file."""
    if table in TABLES:
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{where}: [{table}] is a table of names, such as {EXAMPLES[table]}")
        return value
    if table == PRICES:
        return entry_of(name, value, where)
    known = tuple(one for one in fields_dict(Waits) if one not in ELSEWHERE)
    if name in ELSEWHERE:
        raise ConfigError(f"{where}: [{WAITS}] has no {name}; set {ELSEWHERE[name]}, outside of the table")
    if name not in known:
        raise ConfigError(f"{where}: [{WAITS}] has an unknown key {name!r}{suggestion(name, known)}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{where}: {name} in [{WAITS}] is a number of seconds")
    return seconds(f"{where}: {name} in [{WAITS}]", value, WAIT_BOUNDS)


def from_environment(environment: Mapping[str, str]) -> Reading:
    """The settings in the environment; several values are separated by spaces."""
    reading = Reading()
    for key in VARIABLES:
        name = PREFIX + key.upper()
        value = environment.get(name)
        if not value and (value is None or key not in MAY_BE_EMPTY):
            # an empty variable is how many set-ups say that there is none
            continue
        reading.take((key,), f"environment {name}", lambda: written(name, key, value))  # noqa: B023 - called at once
    for name in sorted(environment):
        table, _, entry = name.removeprefix(SECTION).lower().partition("__")
        if name.startswith(SECTION) and entry and environment[name]:
            reading.take((table, entry), f"environment {name}", lambda: of_table(name, table, entry, environment[name]))  # noqa: B023 - called at once
    return reading


def written(name: str, key: str, value: str) -> Any:
    """A setting's value in writing."""
    if key in LISTS:
        return tuple(value.split())
    if key in SWITCHES:
        return truth(name, value)
    if key in SECONDS:
        return number(name, value, SECONDS[key])
    if key in COUNTS:
        return whole_number(name, key, value)
    if key in AMOUNTS:
        return amount(name, key, decimal(name, value))
    return value


def of_table(name: str, table: str, entry: str, value: str) -> Any:
    """A table's entry in writing."""
    tables = (*TABLES, WAITS, PRICES)
    if table not in tables:
        near = get_close_matches(table, tables, 1)
        names = near or tables
        raise ConfigError(f"{name} names no table; there {'may be meant' if near else 'are'} {', '.join(names)}")
    if table == PRICES and entry != CURRENCY:
        return in_table(table, entry, decimal(name, value), name)
    return in_table(table, entry, number(name, value, WAIT_BOUNDS) if table == WAITS else value, name)


def number(name: str, value: str, bounds: tuple[float, float]) -> float:
    """A number of seconds, in writing."""
    try:
        return seconds(name, float(value), bounds)
    except ValueError:
        raise ConfigError(f"{name} is a number of seconds, not {value!r}") from None


def whole_number(name: str, key: str, value: str) -> int:
    """A number of things, in writing."""
    try:
        return count(name, key, int(value))
    except ValueError:
        raise ConfigError(f"{name} is a whole number, not {value[:20]!r}") from None


def decimal(name: str, value: str) -> float:
    """A number, in writing."""
    try:
        return float(value)
    except ValueError:
        raise ConfigError(f"{name} is a number, not {value[:20]!r}") from None


def amount(name: str, key: str, value: float) -> float:
    """An amount within its bounds."""
    least, most = AMOUNTS[key]
    if not least <= value <= most:
        raise ConfigError(f"{name} is from {least:g} to {most:g}")
    return float(value)


def count(name: str, key: str, value: int) -> int:
    """A number of things within its bounds."""
    least, most = COUNTS[key]
    if not least <= value <= most:
        raise ConfigError(f"{name} is from {least} to {most}")
    return value


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
