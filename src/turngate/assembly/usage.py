"""
The counting of what is used.

Responsible for the ledger and the meters with the configuration's caps, and for what changes when the keys are read
again.

Must not know: what is counted, how a session ends.

Comes from: ``ops/config.py``. Goes to: ``whole.py``.
"""

import time
from collections.abc import Callable

from turngate.net.guard import Guard
from turngate.ops import config
from turngate.ops.clients import terms_for
from turngate.ops.prices import session_caps
from turngate.proxy.ledger import Ledger
from turngate.proxy.meters import Meters


def counting(settings: config.Config, seconds: Callable[[], float]) -> tuple[Ledger, Meters]:
    """Who knows what is used; the terms of clients are to follow (:func:`take_terms`)."""
    ledger = Ledger(time.time)
    return ledger, Meters(ledger, session_caps(settings), seconds)


def take_terms(ledger: Ledger, guard: Guard, settings: config.Config) -> None:
    """What clients may use in a day is what the keys say that the guard has now."""
    ledger.terms = terms_for(settings, guard.judge)
