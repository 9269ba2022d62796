"""Who may come in, and when."""

import pytest

from turngate.assembly.doors import turns_away
from turngate.net.admission import Offer
from turngate.ops.logging import Log
from turngate.proxy.budget import ROOM_AGAIN_S, Budget, Holding
from twistd_rig import (
    PATH,
)


@pytest.mark.parametrize(
    ("offer", "busy_s"),
    [
        (Offer(PATH, "peer"), 4.5),
        (Offer(PATH, "peer", query={"traceId": ["resume"]}), 4.5),
        (Offer(PATH, "peer", query={"resume": ["token"]}), None),
        (Offer(PATH, "peer", headers={"x-turngate-resume": "token"}), None),
    ],
)
def test_clients_that_come_back_are_let_in_during_an_outage(offer, busy_s):
    """They have an upstream session already, or one that is being replaced."""

    class Away:
        def busy_s(self):
            return 4.5

    class Open:
        def busy_s(self):
            return None

    assert busy_s == turns_away(Away(), Open())(offer) == turns_away(Open(), Away())(offer)
    assert turns_away(Open())(offer) is None


@pytest.mark.row(95)
def test_clients_are_turned_away_while_there_is_no_room():
    """From 85 % of the budget on, also where there is an upstream."""

    class There:
        def busy_s(self):
            return None

    budget = Budget(Log("info"), max_bytes=100)
    held = 84
    budget.open(Holding("a", lambda: held, lambda: 0.0, lambda: None))
    busy = turns_away(There(), budget)
    budget.look()
    assert busy(Offer(PATH, "peer")) is None
    held = 85
    budget.look()
    assert busy(Offer(PATH, "peer")) == ROOM_AGAIN_S
