"""What open sessions use, charged to their clients, and what they may use."""

from attrs import define, field
from twisted.internet.task import Clock

from turngate.proxy.ledger import Caps, Ledger, Row, Terms
from turngate.proxy.meters import Meters
from turngate.session.account import Account
from turngate.session.messages import Cap, Usage
from turngate.session.prices import PriceList, Prices

PRICES = PriceList("m", Prices(text_in=1.0, audio_in=1.0, text_out=10.0, audio_out=10.0))
TEN = Usage(text_out=10)


@define
class House:
    """Sessions with their meters, on a clock by hand."""

    clock: Clock = field(factory=Clock)
    told: list[tuple[str, Cap]] = field(factory=list)
    ledger: Ledger = field(init=False)
    meters: Meters = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ledger = Ledger(lambda: 1_795_600_000.0 + self.clock.seconds())
        self.allow(Caps())

    def allow(self, session: Caps, day: Caps | None = None) -> None:
        """These are the caps."""
        self.meters = Meters(self.ledger, session, self.clock.seconds)
        self.ledger.terms = Terms(day or Caps())

    def open(self, name: str, client: str = "phone") -> None:
        """A session begins."""
        self.meters.open(name, client, Account(PRICES), lambda cap: self.told.append((name, cap)))

    def after(self, seconds: float) -> list[tuple[str, Cap]]:
        """Who is told to end when it is looked at after a while."""
        self.told.clear()
        self.clock.advance(seconds)
        self.meters.look()
        return list(self.told)

    @property
    def row(self) -> Row:
        """What the client has used today."""
        return self.ledger.days[self.ledger.today]["phone"]


def test_sessions_are_charged_as_they_go_on() -> None:
    """Each for its time, to the last bit of it, and for each answer."""
    house = House()
    house.open("a")
    house.clock.advance(10.0)
    house.open("b")
    assert [] == house.after(5.0)
    assert None is house.meters.answered("a", TEN) is house.meters.answered("b", Usage())
    house.clock.advance(0.5)
    house.meters.close("a")
    assert [] == house.after(1.0)
    house.meters.close("b")
    house.meters.close("b")
    assert Row(2, 15.5 + 6.5, TEN, 0.0001) == house.row
    assert None is house.meters.answered("b", TEN)


def test_session_that_lasts_for_too_long_is_told_once() -> None:
    """Others go on, and the same client may come again."""
    house = House()
    house.allow(Caps(minutes=0.5))
    house.open("a")
    assert [] == house.after(20.0)
    house.open("b")
    assert [] == house.after(9.9)
    assert [("a", Cap.SESSION_MINUTES)] == house.after(0.2)
    assert [] == house.after(1.0)
    assert [("b", Cap.SESSION_MINUTES)] == house.after(20.0)


def test_session_that_uses_too_much_knows_it_by_the_answer_that_did() -> None:
    """It is not told apart from that."""
    house = House()
    house.allow(Caps(tokens=20, cost=0.00025))
    house.open("a")
    assert None is house.meters.answered("a", TEN)
    assert Cap.SESSION_TOKENS is house.meters.answered("a", TEN)
    house.open("b")
    house.meters.answered("b", Usage(text_in=9))
    assert Cap.SESSION_TOKENS is house.meters.answered("b", Usage(text_out=20))
    house.allow(Caps(cost=0.0001))
    house.open("c")
    assert Cap.SESSION_COST is house.meters.answered("c", TEN)
    assert ([], []) == (house.told, house.after(1.0))


def test_all_sessions_of_a_client_end_when_its_day_is_used_up() -> None:
    """At once where an answer uses it up, and within a second where time does; those of others go on."""
    house = House()
    house.allow(Caps(), Caps(tokens=10))
    house.open("a")
    house.open("b")
    house.open("c", "desk")
    assert Cap.DAY_TOKENS is house.meters.answered("a", TEN)
    assert [("b", Cap.DAY_TOKENS)] == house.told
    assert [] == house.after(1.0)
    house.allow(Caps(), Caps(minutes=1.0))
    house.open("d")
    house.open("e")
    house.open("f", "desk")
    assert [("d", Cap.DAY_MINUTES), ("e", Cap.DAY_MINUTES)] == house.after(29.0)


def test_session_that_begins_when_the_day_is_used_up_is_told_at_once() -> None:
    """It was let in before, and came through the door after."""
    house = House()
    house.allow(Caps(), Caps(tokens=10))
    house.open("a")
    house.meters.answered("a", TEN)
    house.open("b")
    assert [("b", Cap.DAY_TOKENS)] == house.told


def test_day_that_is_raised_while_sessions_run_holds_from_then_on() -> None:
    """For those that were not told yet."""
    house = House()
    house.allow(Caps(), Caps(minutes=1.0))
    house.open("a")
    house.after(30.0)
    house.ledger.terms = Terms(Caps(minutes=2.0))
    assert [] == house.after(40.0)
    house.ledger.terms = Terms(Caps(minutes=0.5))
    assert [("a", Cap.DAY_MINUTES)] == house.after(1.0)
