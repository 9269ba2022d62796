"""What clients have used, as the operator sees it."""

import pytest
from admin_rig import Rig

from turngate.proxy.ledger import Caps, Spent, Terms
from turngate.session.messages import Usage
from turngate.session.prices import PriceList, Prices

ONE = Prices(text_in=1, audio_in=1, text_out=1, audio_out=1)
NOTHING = {
    "sessions": 0,
    "minutes": 0.0,
    "tokens": 0,
    "text_in_tokens": 0,
    "audio_in_tokens": 0,
    "image_in_tokens": 0,
    "cached_text_in_tokens": 0,
    "cached_audio_in_tokens": 0,
    "cached_image_in_tokens": 0,
    "text_out_tokens": 0,
    "audio_out_tokens": 0,
    "cost": None,
}


@pytest.fixture
def rig():
    return Rig()


@pytest.mark.row(48)
def test_usage_is_listed_by_client_and_day(rig):
    """The newest day first; what a client may use, and whether it has."""
    rig.ledger.terms = Terms(Caps(minutes=1.0), {"phone": Caps(tokens=5)})
    rig.ledger.days["2026-11-24"] = {}
    rig.ledger.charge("phone", Spent(sessions=1, seconds=45.0, usage=Usage(text_in=3, cached_text_in=2, audio_out=1)))
    rig.ledger.charge("", Spent(seconds=60.0))
    rig.ledger.days["2026-11-24"]["phone"] = rig.ledger.days["2026-11-25"][""]
    today = {"minutes": 0.75, "sessions": 1, "tokens": 4, "text_in_tokens": 3, "cached_text_in_tokens": 2}
    assert (
        200,
        {
            "today": "2026-11-25",
            "currency": None,
            "clients": [
                {
                    "client": "phone",
                    "used_up": None,
                    "caps": {"day_minutes": 1.0, "day_tokens": 5, "day_cost": None},
                    "days": [
                        {"day": "2026-11-25", **NOTHING, **today, "audio_out_tokens": 1},
                        {"day": "2026-11-24", **NOTHING, "minutes": 1.0},
                    ],
                },
                {
                    "client": None,
                    "used_up": "day_minutes",
                    "caps": {"day_minutes": 1.0, "day_tokens": None, "day_cost": None},
                    "days": [{"day": "2026-11-25", **NOTHING, "minutes": 1.0}],
                },
            ],
        },
    ) == rig.read("/usage")


def test_usage_has_money_where_there_are_prices(rig):
    """In the operator's own currency."""
    rig.prices = PriceList("m", ONE, {}, "EUR")
    rig.ledger.charge("phone", Spent(cost=0.25))
    _, said = rig.read("/usage")
    assert ("EUR", 0.25) == (said["currency"], said["clients"][0]["days"][0]["cost"])


def test_usage_needs_the_token_as_sessions_do():
    """It says who talked, and how long."""
    assert 401 == Rig("correct-horse").read("/usage")[0]
