"""
What clients have used, for whoever asks.

Responsible for the shape of the answer: by client, and by day.

Must not know: who asks, how anything was counted.

Comes from: the ledger. Goes to: ``desk.py``.
"""

from collections.abc import Iterable
from typing import Any, Final

from attrs import asdict, fields_dict

from turngate.proxy.ledger import Ledger, Row
from turngate.session.messages import Usage
from turngate.session.prices import PriceList

KINDS: Final = tuple(fields_dict(Usage))


def listed(ledger: Ledger, prices: PriceList) -> dict[str, Any]:
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


def summed(listings: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What clients have used of several processes, each with its own list."""
    whole: dict[str, Any] = {"today": None, "currency": None, "clients": []}
    clients: dict[str | None, dict[str, Any]] = {}
    for listing in listings:
        whole["today"], whole["currency"] = listing["today"], listing["currency"]
        for one in listing["clients"]:
            client = clients.setdefault(one["client"], {**one, "days": {}})
            for row in one["days"]:
                day = client["days"].setdefault(row["day"], {})
                for name, value in row.items():
                    known = day.get(name)
                    day[name] = value if known is None or not isinstance(value, int | float) else known + value
    for client in clients.values():
        days = [client["days"][day] for day in sorted(client["days"], reverse=True)]
        whole["clients"].append({**client, "days": days})
    return whole
