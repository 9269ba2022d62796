"""
``turngate check-config``: what the proxy would run with, or all that keeps it from starting.

Responsible for the page that it prints: each setting as it stands in a file, with where its value comes from.

Must not know: what a setting does. No secret is shown, and nothing is bound or dialled.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import asdict, fields_dict

from turngate.ops import config
from turngate.ops.config import Config
from turngate.ops.loading import Survey, surveyed
from turngate.tap import Options, stopped

HIDDEN: Final = "***"
SECRET: Final = re.compile(r"([?&][^=&]*(?:key|token|secret|sig|pass)[^=&]*=)[^&]*", re.IGNORECASE)
"""A parameter of a URL that may open something."""
NOT_SET: Final = frozenset({"upstream_key", "near_misses"})
"""What follows from other settings."""


class CheckOptions(Options):
    """The options of ``twistd turngate``, which are looked at and not acted upon."""

    synopsis = "turngate check-config [options]"
    longdesc = "Prints the configuration in force, or all that is wrong with it; takes the options of twistd turngate."

    def postOptions(self) -> None:  # noqa: N802 - Twisted's name
        """See :meth:`usage.Options.postOptions`; the configuration is read by :func:`main`."""


def main(argv: Sequence[str]) -> int:
    """Check, print, and give the exit status: 1 where the proxy would not start."""
    options = CheckOptions()
    try:
        options.parseOptions(list(argv))
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return 0
    survey = surveyed(options.given(), os.environ)
    for fault in survey.faults:
        print(stopped(fault).code, file=sys.stderr)
    if survey.config is None:
        return 1
    for name, meant in survey.config.near_misses:
        print(f"turngate: {name} is no setting; {meant} may be meant", file=sys.stderr)
    print("\n".join(page(survey, survey.config)))
    return 0


def page(survey: Survey, settings: Config) -> Iterator[str]:
    """The settings in the form of a file, each with its origin as a comment."""
    tables = (*config.TABLES, config.WAITS, config.PRICES)
    rows = [row(survey, settings, key) for key in fields_dict(Config) if key not in {*NOT_SET, *tables}]
    rows.append(("# the upstream key", HIDDEN if settings.upstream_key else "none", ""))
    yield from aligned(rows)
    for table in tables:
        entries: Mapping[str, Any] = getattr(settings, table)
        if table == config.WAITS:
            entries = {name: one for name, one in asdict(settings.waits).items() if name not in config.ELSEWHERE}
        inner = {name: one for name, one in entries.items() if isinstance(one, dict)}
        rows = [(bare(n), json.dumps(one), origin(survey, (table, n))) for n, one in entries.items() if n not in inner]
        if rows:
            yield f"\n[{table}]"
            yield from aligned(rows)
        for name, one in inner.items():
            by = origin(survey, (table, name))
            yield f"\n[{table}.{bare(name)}]"
            yield from aligned([(bare(kind), json.dumps(price), by) for kind, price in one.items()])


def row(survey: Survey, settings: Config, key: str) -> tuple[str, str, str]:
    """One setting: its name, its value, and where that comes from."""
    value = getattr(settings, key)
    by = origin(survey, (key,))
    if value is None:
        return f"# {key}", "none", by
    if by == "default" and value != getattr(Config(), key):
        by = f"dialect {settings.dialect.name}"
    return key, json.dumps(SECRET.sub(rf"\1{HIDDEN}", value) if isinstance(value, str) else value), by


def origin(survey: Survey, name: tuple[str, ...]) -> str:
    """Where a setting's value comes from."""
    return survey.found[name].origin if name in survey.found else "default"


def bare(name: str) -> str:
    """A key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def aligned(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """The rows, with the origins below each other where values are short."""
    width = min(48, max(len(f"{name} = {value}") for name, value, _ in rows))
    for name, value, by in rows:
        setting = f"{name}: {value}" if name.startswith("#") else f"{name} = {value}"
        yield f"{setting:<{width}}  # {by}" if by else setting
