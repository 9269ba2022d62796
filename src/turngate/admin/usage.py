"""
What clients have used, for whoever asks.

Responsible for the shape of the answer: by client, and by day.

Must not know: who asks, how anything was counted.

Comes from: the ledger. Goes to: ``desk.py``.
"""

from typing import Final

from attrs import asdict, fields_dict

from turngate.proxy.ledger import Ledger, Row
from turngate.session.messages import Usage
from turngate.session.prices import PriceList

KINDS: Final = tuple(fields_dict(Usage))


def listed(ledger: Ledger, prices: PriceList) -> dict[str, object]:
    """All clients of the days that are kept; money only where there are prices."""
    is_priced = bool(prices.usual or prices.by_model)
    names = dict.fromkeys(name for day in sorted(ledger.days, reverse=True) for name in ledger.days[day])
    return {
        "today": ledger.today,
        "currency": prices.currency or None,
        "clients": [
            {
                "client": name or None,
                "used_up": used_up.name.lower() if (used_up := ledger.used_up(name)) is not None else None,
                "caps": {f"day_{what}": most for what, most in asdict(ledger.terms.of(name)).items()},
                "days": [
                    {"day": day, **figures(ledger.days[day][name], is_priced=is_priced)}
                    for day in sorted(ledger.days, reverse=True)
                    if name in ledger.days[day]
                ],
            }
            for name in names
        ],
    }


def figures(row: Row, *, is_priced: bool) -> dict[str, object]:
    """What a client used on one day."""
    return {
        "sessions": row.sessions,
        "minutes": round(row.seconds / 60, 3),
        "tokens": row.tokens,
        **{f"{name}_tokens": getattr(row.usage, name) for name in KINDS},
        "cost": round(row.cost, 6) if is_priced else None,
    }
