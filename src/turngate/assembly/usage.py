"""
The counting of what is used.

Responsible for the ledger, its file, and the meters with the configuration's caps, and for what changes when the keys
are read again.

Must not know: what is counted, how a session ends.

Comes from: ``ops/config.py``. Goes to: ``whole.py``.
"""

import time
from typing import Any

from turngate.net.guard import Guard
from turngate.ops import config
from turngate.ops.clients import terms_for
from turngate.ops.logging import Log
from turngate.ops.prices import session_caps
from turngate.ops.usage_file import UsageFile
from turngate.proxy.ledger import Ledger
from turngate.proxy.meters import Meters


def counting(reactor: Any, settings: config.Config, log: Log) -> tuple[Ledger, Meters, UsageFile | None]:
    """
    Who knows what is used; the terms of clients are to follow (:func:`take_terms`).

    Raises:
        ConfigError: the file cannot be used.
    """
    ledger = Ledger(time.time)
    meters = Meters(ledger, session_caps(settings), reactor.seconds)
    if settings.usage_file is None:
        return ledger, meters, None
    kept = UsageFile(settings.usage_file, ledger, log, reactor.seconds, lambda call: reactor.callInThread(call))
    kept.read()
    # when the last session has ended
    reactor.addSystemEventTrigger("after", "shutdown", kept.close)
    return ledger, meters, kept


def take_terms(ledger: Ledger, guard: Guard, settings: config.Config) -> None:
    """What clients may use in a day is what the keys say that the guard has now."""
    ledger.terms = terms_for(settings, guard.judge)
