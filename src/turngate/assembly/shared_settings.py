"""
The settings of several workers, which their parent reads for all of them.

Responsible for what workers can have, for what is read again, and for which variables hold secrets.

Must not know: how workers get them, what is made of them.

Comes from: ``ops/config.py``, and SIGHUP. Goes to: ``crew.py``.
"""

import os
import pickle
from collections.abc import Callable

from turngate.assembly.reloading import broken
from turngate.errors import ConfigError
from turngate.ops import config
from turngate.ops.clients import judge_for, terms_for
from turngate.ops.loading import Survey
from turngate.ops.logging import Log
from turngate.ops.renewing import Renewed, renewed
from turngate.proxy.ledger import Caps

ENV: str = "env:"
"""How a setting begins that refers to a variable with a secret."""


def check(settings: config.Config) -> None:
    """
    Whether workers can have these settings: the files of clients, and what has to be counted by all of them together.

    Raises:
        ConfigError: they cannot; the line says why.
    """
    terms = terms_for(settings, judge_for(settings))
    if any(caps != Caps() for caps in (terms.usual, *terms.listed.values())):
        raise ConfigError(
            "caps on a client's day (max_day_..., day_... of a key) are not counted by several workers yet"
        )
    if settings.usage_file is not None:
        raise ConfigError("usage_file is not kept by several workers yet; leave it out, or have one worker")


class Renewing:
    """
    What the configuration says, for those workers that are there and for those that will be.

    Args:
        running: what is in force.
        again: reads it another time.
        log: hears what is wrong with it.
    """

    def __init__(self, running: config.Config, again: Callable[[], Survey], log: Log) -> None:
        self.running = running
        self._again = again
        self._log = log

    def read(self) -> bytes | None:
        """What is other now, for the workers; ``None`` where it cannot be used, so that all stays as it is."""
        new = renewed(self.running, self._again(), os.environ)
        if isinstance(new, Renewed):
            try:
                check(new.config)
            except ConfigError as error:
                new = (str(error),)
        if not isinstance(new, Renewed):
            broken(self._log, new)
            return None
        self.running = new.config
        self._log.level.name = new.config.log_level
        return pickle.dumps(new)


def secrets_of(settings: config.Config) -> tuple[str, ...]:
    """The variables that settings refer to as secrets."""
    references = (settings.upstream_key_file, settings.admin_token_file)
    return tuple(one.removeprefix(ENV) for one in references if one is not None and one.startswith(ENV))
