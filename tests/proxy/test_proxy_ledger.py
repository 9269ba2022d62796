"""What each client has used on which day, and what it may use."""

import pytest
from attrs import define, field

from turngate.proxy.ledger import DAY_S, DAYS_KEPT, MAX_STRANGERS, OTHERS, Caps, Ledger, Row, Spent, Terms
from turngate.session.messages import Cap, Usage

MORNING_S = 1_795_600_000.0
"""On the 25th of November 2026, at 09:46:40 UTC."""
USAGE = Usage(text_in=10, audio_in=20, cached_audio_in=5, text_out=3, audio_out=7)


@define
class Day:
    """A ledger, and the time of day in hand."""

    now_s: float = MORNING_S
    ledger: Ledger = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ledger = Ledger(lambda: self.now_s)


@pytest.fixture
def day() -> Day:
    return Day()


def test_what_is_charged_adds_up_by_client_and_day(day: Day) -> None:
    """A day is one of UTC, and what is charged counts on the day on which it is."""
    day.ledger.charge("phone", Spent(sessions=1))
    day.ledger.charge("phone", Spent(usage=USAGE, cost=0.25))
    day.ledger.charge("phone", Spent(seconds=30.0, usage=USAGE, cost=0.25))
    day.ledger.charge("", Spent(seconds=1.0))
    day.now_s += DAY_S
    day.ledger.charge("phone", Spent(seconds=2.0))
    assert {
        "2026-11-25": {"phone": Row(1, 30.0, USAGE + USAGE, 0.5), "": Row(0, 1.0)},
        "2026-11-26": {"phone": Row(0, 2.0)},
    } == day.ledger.days
    assert 80 == day.ledger.days["2026-11-25"]["phone"].tokens


@pytest.mark.row(48)
@pytest.mark.parametrize(
    ("caps", "below", "last", "cap"),
    [
        (Caps(minutes=0.5), Spent(seconds=29.9), Spent(seconds=0.1), Cap.DAY_MINUTES),
        (Caps(tokens=41), Spent(usage=USAGE), Spent(usage=Usage(audio_out=1)), Cap.DAY_TOKENS),
        (Caps(cost=1.5), Spent(cost=1.25), Spent(cost=0.25), Cap.DAY_COST),
    ],
)
def test_client_that_has_used_up_its_day_waits_for_midnight(
    day: Day, caps: Caps, below: Spent, last: Spent, cap: Cap
) -> None:
    """Others do not; what is cached counts among the tokens once."""
    day.ledger.terms = Terms(caps)
    day.ledger.charge("phone", below)
    assert (None, None) == (day.ledger.used_up("phone"), day.ledger.wait_s("phone"))
    day.ledger.charge("phone", last)
    until_midnight_s = 14 * 3600 + 13 * 60 + 20
    assert (cap, until_midnight_s) == (day.ledger.used_up("phone"), day.ledger.wait_s("phone"))
    assert (None, ["phone"]) == (day.ledger.used_up("desk"), list(day.ledger.spent_clients()))
    day.now_s += until_midnight_s - 0.001
    assert cap is day.ledger.used_up("phone")
    day.now_s += 0.001
    assert (None, []) == (day.ledger.used_up("phone"), list(day.ledger.spent_clients()))


def test_client_of_a_file_may_have_caps_of_its_own(day: Day) -> None:
    """Beside the usual ones; they may be changed at any time, and what was used stays used."""
    day.ledger.terms = Terms(Caps(minutes=1.0, tokens=100), {"phone": Caps(minutes=2.0), "desk": Caps(), "": Caps()})
    for client in ("phone", "desk", "jwt:anybody"):
        day.ledger.charge(client, Spent(seconds=60.0))
    used_up = [day.ledger.used_up(client) for client in ("phone", "desk", "jwt:anybody")]
    assert [None, Cap.DAY_MINUTES, Cap.DAY_MINUTES] == used_up
    day.ledger.charge("phone", Spent(usage=Usage(text_out=100)))
    assert Cap.DAY_TOKENS is day.ledger.used_up("phone")
    day.ledger.terms = Terms(Caps(minutes=3.0), {"phone": Caps(minutes=1.0)})
    assert [Cap.DAY_MINUTES, None] == [day.ledger.used_up(client) for client in ("phone", "desk")]


def test_days_are_kept_for_a_week(day: Day) -> None:
    """More than that nobody needs to remember; a day that has not been is none."""
    day.now_s += 400 * DAY_S
    day.ledger.charge("phone", Spent(sessions=1))
    day.now_s = MORNING_S
    for _ in range(DAYS_KEPT + 3):
        day.ledger.charge("phone", Spent(sessions=1))
        day.now_s += DAY_S
    assert [f"2026-{date}" for date in ("11-28", "11-29", "11-30", "12-01", "12-02", "12-03", "12-04")] == list(
        day.ledger.days
    )


def test_clients_that_stand_in_no_file_are_bounded(day: Day) -> None:
    """Those who come after many have one row together, and one cap; whoever stands in a file has its own."""
    day.ledger.terms = Terms(Caps(minutes=1.0), {"phone": Caps()})
    for number in range(MAX_STRANGERS + 100):
        day.ledger.charge(f"jwt:{number}", Spent(seconds=30.0))
    for client in ("phone", ""):
        day.ledger.charge(client, Spent(seconds=30.0))
    rows = day.ledger.days["2026-11-25"]
    assert MAX_STRANGERS + 5 >= len(rows)
    assert (30.0, 30.0) == (rows["phone"].seconds, rows[""].seconds)
    assert None is day.ledger.used_up("jwt:0") is day.ledger.used_up("phone")
    assert Cap.DAY_MINUTES is day.ledger.used_up("jwt:1099") is day.ledger.used_up("jwt:new")
    assert (MAX_STRANGERS + 100) * 30.0 + 60.0 == sum(row.seconds for row in rows.values())
    assert OTHERS in rows
