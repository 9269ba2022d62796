"""
The configuration, read a second time: what of it can be in force without a restart.

Responsible for the list of such settings, and for one configuration out of two: the new values of these, the old ones
of all others.

Must not know: how a setting is put in force, who asked.

Comes from: ``ops/loading.py``. Goes to: ``assembly/reloading.py``.
"""

from collections.abc import Mapping
from typing import Final

from attrs import evolve, fields_dict, frozen

from turngate.errors import ConfigError
from turngate.ops.config import Config
from turngate.ops.loading import Survey, upstream_key

RENEWABLE: Final = (
    "log_level",
    "max_sessions",
    "max_key_sessions",
    "max_address_sessions",
    "connects_per_s",
    "connect_burst",
    "allowed_origins",
    "upstream_key_file",
)
"""What a running proxy can take; the rest is in sockets that are bound, and in sessions that have begun."""
KEY: Final = "upstream_key"
DERIVED: Final = frozenset({KEY, "near_misses"})
"""What is no setting."""


@frozen
class Renewed:
    """A configuration that can be in force at once."""

    config: Config
    changed: tuple[str, ...]
    """The settings that are others now; the upstream key is among them by its own name."""
    left: tuple[str, ...]
    """Those that were changed and are not taken."""


def renewed(running: Config, survey: Survey, environment: Mapping[str, str]) -> Renewed | tuple[str, ...]:
    """
    What follows from a new look at the configuration, or all that is wrong with it.

    The key is the one for the upstream that is in use, also where the new configuration names another.
    """
    if survey.config is None:
        return survey.faults
    taken = evolve(running, **{name: getattr(survey.config, name) for name in RENEWABLE})
    try:
        taken = evolve(taken, upstream_key=upstream_key(taken, environment))
    except ConfigError as error:
        return (str(error),)
    different = [name for name in fields_dict(Config) if getattr(running, name) != getattr(survey.config, name)]
    changed = tuple(name for name in (*RENEWABLE, KEY) if getattr(running, name) != getattr(taken, name))
    left = tuple(name for name in different if name not in {*RENEWABLE, *DERIVED})
    return Renewed(taken, changed, left)
