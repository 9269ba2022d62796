"""Who is let in; each row of the catalogue of faults before a session has its tests here, by its number."""

from http import HTTPStatus

import pytest
from attrs import define, evolve, field
from net_rig import PATH, Gate, make_gate, upgrade_request
from twisted.internet.task import Clock

from turngate.net.admission import Guest, Offer, Refused
from turngate.net.credentials import StaticKey, StaticKeys, digest_of
from turngate.net.guard import LINES_AT_ONCE, Guard, Times
from turngate.net.limits import Limits
from turngate.net.quotas import Quotas
from turngate.net.whence import source_of
from turngate.proxy.ledger import Caps, Ledger, Spent, Terms
from turngate.proxy.resume import comes_back
from turngate.session.messages import Usage

CANARY = "tg_canary-0123456789"
TODAY_S = 1_800_000_000.0
KEYS = StaticKeys(
    (
        StaticKey("phone", digest_of(CANARY)),
        StaticKey("small", digest_of("tg_small"), max_sessions=2),
        StaticKey("old", digest_of("tg_old"), expires_s=TODAY_S),
        StaticKey("new", digest_of("tg_new"), expires_s=TODAY_S + 1),
    )
)
WIDE = Quotas(connect_burst=10_000, connects_per_s=10_000.0)


@define
class Lines:
    """A log that keeps what it is told."""

    lines: list[dict[str, object]] = field(factory=list)

    def info(self, event: str, **fields: object) -> None:
        self.lines.append(
            {"event": event, **{name: value for name, value in fields.items() if value not in (None, "")}}
        )

    debug = warn = error = info

    def bound(self, **_fields: object) -> "Lines":
        return self


@pytest.fixture
def lines() -> Lines:
    return Lines()


def a_guard(clock: Clock, lines: Lines, quotas: Quotas = WIDE, trusted_proxies: int = 0, **options: object) -> Guard:
    """A guard that asks for keys, unless it is told otherwise."""
    return Guard(
        **{  # type: ignore[arg-type]
            "judge": KEYS,
            "quotas": quotas,
            "clock": Times(clock.seconds, lambda: TODAY_S),
            "log": lines,
            "comes_back": comes_back,
            "trusted_proxies": trusted_proxies,
            **options,
        }
    )


def offer(key: str | None = CANARY, host: str = "192.0.2.1", **options: object) -> Offer:
    """A request from a host."""
    authorization = f"Token {key}" if key is not None else None
    return Offer(PATH, f"tcp4:{host}:4000", authorization=authorization, **options)  # type: ignore[arg-type]


def let_in(guard: Guard, asking: Offer) -> Guest:
    """Ask, and be let in."""
    guest = guard(asking)
    assert isinstance(guest, Guest)
    return guest


def turned_away(guard: Guard, asking: Offer) -> Refused:
    """Ask, and be refused."""
    refused = guard(asking)
    assert isinstance(refused, Refused)
    return refused


# --- credentials ----------------------------------------------------------------------------------------------------


@pytest.mark.row(9)
@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "missing"),
        ("", "missing"),
        ("Token", "missing"),
        ("Bearer  ", "missing"),
        ("Basic dXNlcjpjYW5hcnk=", "scheme"),
        (CANARY, "scheme"),
        (f"Token {CANARY}x", "unknown"),
        (f"Token {CANARY[:-1]}", "unknown"),
        ("Bearer " + KEYS.keys[0].digest.hex(), "unknown"),
        ("Token canary\u00e9", "malformed"),
        ("Token " + "canary" * 2000, "malformed"),
        ("Token tg_old", "expired"),
    ],
)
def test_credential_that_is_not_good_is_401_and_one_line_without_it(
    clock: Clock, lines: Lines, authorization: str | None, reason: str
) -> None:
    """The line says which class of reason and who asked, and nothing of the credential."""
    refused = turned_away(a_guard(clock, lines), evolve(offer(None), authorization=authorization))
    assert refused.status is HTTPStatus.UNAUTHORIZED
    assert [{"event": "client.refused", "reason": reason, "status": 401, "peer": "tcp4:192.0.2.1:4000"}] == lines.lines


@pytest.mark.row(9)
@pytest.mark.parametrize("wanted", ["tg_small", "tg_new", CANARY, "tg_nobody"])
def test_every_key_is_compared_wherever_the_right_one_stands(wanted: str) -> None:
    """How long it takes tells nothing, and nor does one comparison, which is the standard library's."""
    compared: list[bytes] = []
    keys = StaticKeys(KEYS.keys, lambda ours, theirs: compared.append(ours) or ours == theirs)  # type: ignore[func-returns-value]
    keys.judge(wanted, TODAY_S)
    assert [key.digest for key in KEYS.keys] == compared
    assert StaticKeys().same.__name__ == "compare_digest"


@pytest.mark.row(9)
@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token", "BEARER"])
def test_key_that_was_given_out_is_let_in_under_its_name(clock: Clock, lines: Lines, scheme: str) -> None:
    """In either scheme."""
    assert Guest("phone") == a_guard(clock, lines)(evolve(offer(None), authorization=f"{scheme} {CANARY}"))
    assert Guest("new") == a_guard(clock, lines)(offer("tg_new"))
    assert lines.lines == []


@pytest.mark.row(9)
def test_nothing_prints_a_key_or_its_hash() -> None:
    """Nor what could be tried against it."""
    assert KEYS.keys[0].digest.hex() not in repr(KEYS) + repr(KEYS.keys)
    assert repr(KEYS.keys[0].digest) not in repr(KEYS) + repr(KEYS.keys)


@pytest.mark.row(11)
@pytest.mark.parametrize("scheme", ["token", "bearer", "Token"])
def test_browser_shows_its_key_as_a_subprotocol_and_is_answered_with_the_scheme_alone(
    clock: Clock, lines: Lines, everything_logged: list[str], scheme: str
) -> None:
    """The key comes back in no answer, and stands in no line."""
    gate = guarded(clock, lines)
    leg = gate.connect()
    assert leg is not None
    leg.receive(upgrade_request(PATH, "Origin: http://localhost", f"Sec-WebSocket-Protocol: {scheme}, {CANARY}"))
    answer = leg.answer().decode()
    assert answer.startswith("HTTP/1.1 101 ")
    assert f"Sec-WebSocket-Protocol: {scheme}\r\n" in answer
    assert [upgrade.client for upgrade in gate.acceptance.upgrades] == ["phone"]
    leg.transport.lose()
    assert CANARY not in answer + str(everything_logged) + str(lines.lines) + repr(gate.acceptance.upgrades)


@pytest.mark.row(12)
@pytest.mark.parametrize("parameter", ["token", "access_token", "key", "api_key", "authorization"])
def test_key_in_the_address_is_no_credential_and_in_no_line(
    clock: Clock, lines: Lines, everything_logged: list[str], parameter: str
) -> None:
    """Other servers on the way log addresses, so that a key there is lost already."""
    answer = ask(guarded(clock, lines), f"{PATH}?{parameter}={CANARY}")
    assert answer.startswith("HTTP/1.1 401 ")
    assert [line["reason"] for line in lines.lines] == ["missing"]
    assert CANARY not in answer + str(everything_logged) + str(lines.lines)


@pytest.mark.row(13)
@pytest.mark.parametrize("origin", ["null", "https://evil.example", "file://"])
def test_page_from_elsewhere_is_403_even_with_a_good_key(clock: Clock, lines: Lines, origin: str) -> None:
    """A browser tells the origin; who has none is no page, and needs a key like everybody."""
    gate = guarded(clock, lines)
    assert ask(gate, PATH, f"Origin: {origin}", f"Authorization: Token {CANARY}").startswith("HTTP/1.1 403 ")
    assert ask(gate, PATH).startswith("HTTP/1.1 401 ")
    gate.open(PATH, f"Authorization: Token {CANARY}").transport.lose()


@pytest.mark.row(14)
@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "source"),
    [
        ("tcp4:192.0.2.1:1", "", 0, "192.0.2.1"),
        ("tcp4:192.0.2.1:1", "198.51.100.7", 0, "192.0.2.1"),
        ("tcp4:10.0.0.1:1", "198.51.100.7", 1, "198.51.100.7"),
        ("tcp4:10.0.0.1:1", "203.0.113.66, 198.51.100.7", 1, "198.51.100.7"),
        ("tcp4:10.0.0.1:1", "203.0.113.66, 198.51.100.7, 10.0.0.2", 2, "198.51.100.7"),
        ("tcp4:10.0.0.1:1", "198.51.100.7", 2, "10.0.0.1"),
        ("tcp4:10.0.0.1:1", "", 1, "10.0.0.1"),
        ("tcp4:10.0.0.1:1", "canary", 1, "10.0.0.1"),
        ("tcp4:10.0.0.1:1", "198.51.100.7:5555", 1, "198.51.100.7"),
        ("tcp4:10.0.0.1:1", "[2001:db8:1:2:3::4]:5555", 1, "2001:db8:1:2::/64"),
        ("tcp6:2001:db8:1:2:3::4:443", "", 0, "2001:db8:1:2::/64"),
        ("tcp6:::ffff:192.0.2.1:443", "", 0, "192.0.2.1"),
        ("tcp4:127.0.0.1:1", "", 0, None),
        ("tcp6:::1:443", "", 0, None),
        ("tcp4:127.0.0.1:1", "198.51.100.7", 1, "198.51.100.7"),
        ("unix:/run/turngate.sock", "198.51.100.7", 1, "198.51.100.7"),
        ("unix", "198.51.100.7", 0, None),
    ],
)
def test_forwarded_address_counts_only_as_far_as_proxies_are_trusted(
    peer: str, forwarded: str, proxies: int, source: str | None
) -> None:
    """What a client writes there itself stands further left than what the operator's proxies write."""
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert source == source_of(Offer(PATH, peer, headers=headers), proxies)


# --- how many, and how fast -----------------------------------------------------------------------------------------


@pytest.mark.row(16)
@pytest.mark.parametrize("end", ["192.0.2.1", "127.0.0.1"])
def test_key_has_a_number_of_sessions(clock: Clock, lines: Lines, end: str) -> None:
    """Its own or everybody's; a session that ends gives its place back, once."""
    guard = a_guard(clock, lines, evolve(WIDE, max_key_sessions=3))
    guests = [let_in(guard, offer(CANARY, end)) for _ in range(3)]
    assert turned_away(guard, offer(CANARY, end)) == Refused(HTTPStatus.TOO_MANY_REQUESTS)
    assert lines.lines[-1]["reason"] == "key_sessions"
    assert lines.lines[-1]["client"] == "phone"
    let_in(guard, offer("tg_small", end))
    let_in(guard, offer("tg_small", end))
    turned_away(guard, offer("tg_small", end))
    guests[0].leave()
    guests[0].leave()
    let_in(guard, offer(CANARY, end))
    turned_away(guard, offer(CANARY, end))


@pytest.mark.row(16)
def test_address_has_a_number_of_sessions_but_for_this_machines(clock: Clock, lines: Lines) -> None:
    """With or without keys. This machine's addresses are the operator's programs, or a proxy in front."""
    guard = a_guard(clock, lines, evolve(WIDE, max_address_sessions=2), judge=None)
    for _ in range(2):
        let_in(guard, offer(None))
    assert turned_away(guard, offer(None)) == Refused(HTTPStatus.TOO_MANY_REQUESTS)
    assert lines.lines[-1]["reason"] == "address_sessions"
    let_in(guard, offer(None, "192.0.2.2"))
    for _ in range(10):
        let_in(guard, offer(None, "127.0.0.1"))


@pytest.mark.row(16)
def test_all_clients_together_have_a_number_of_sessions(clock: Clock, lines: Lines) -> None:
    """More are told that the server has no room, which is not their fault."""
    guard = a_guard(clock, lines, evolve(WIDE, max_sessions=2), judge=None)
    guests = [let_in(guard, offer(None, host)) for host in ("192.0.2.1", "127.0.0.1")]
    assert turned_away(guard, offer(None, "192.0.2.3")) == Refused(HTTPStatus.SERVICE_UNAVAILABLE)
    for guest in guests:
        guest.leave()
    assert not guard._places.taken


@pytest.mark.row(16)
def test_client_that_comes_back_takes_no_second_place(clock: Clock, lines: Lines) -> None:
    """Its session has one, and keeps it while its client is away."""
    guard = a_guard(clock, lines, evolve(WIDE, max_key_sessions=1))
    guest = let_in(guard, offer())
    let_in(guard, offer(query={"resume": ["a-session"]})).leave()
    assert turned_away(guard, offer()) == Refused(HTTPStatus.TOO_MANY_REQUESTS)
    guest.leave()
    let_in(guard, offer()).leave()
    assert not guard._places.taken


@pytest.mark.row(15)
@pytest.mark.parametrize(("host", "key", "reason"), [("192.0.2.1", "x", "address_rate"), ("::1", CANARY, "key_rate")])
def test_pace_of_an_address_and_of_a_key_is_bounded(
    clock: Clock, lines: Lines, host: str, key: str, reason: str
) -> None:
    """A burst is let through, and then so many a second; guessing keys is no faster."""
    guard = a_guard(clock, lines, Quotas())
    before = [guard(offer(key, host)) for _ in range(20)]
    assert all(not isinstance(one, Refused) or one.status == 401 for one in before)
    assert turned_away(guard, offer(key, host)) == Refused(HTTPStatus.TOO_MANY_REQUESTS, 1)
    assert lines.lines[-1]["reason"] == reason
    clock.advance(0.2)
    assert not isinstance(answer := guard(offer(key, host)), Refused) or answer.status == 401
    assert turned_away(guard, offer(key, host)).status == 429


@pytest.mark.row(15)
def test_flood_is_503_with_a_time_to_come_again_and_leaves_sessions_alone(clock: Clock, lines: Lines) -> None:
    """Those who are in stay in, and are not told anything."""
    gate = make_gate(clock, Limits(max_connections=2), admit=a_guard(clock, lines, judge=None))
    legs = [gate.open(), gate.open()]
    leg = gate.connect()
    assert leg is not None
    leg.receive(upgrade_request())
    answer = leg.answer().decode()
    assert answer.startswith("HTTP/1.1 503 ")
    assert "Retry-After: 5\r\n" in answer
    assert [one.answer() for one in legs] == [b"", b""]
    for one in legs:
        one.transport.lose()


def test_refusals_do_not_fill_the_log(clock: Clock, lines: Lines) -> None:
    """Who is refused decides how often: beyond some lines a second they are counted in the next one."""
    guard = a_guard(clock, lines)
    for _ in range(LINES_AT_ONCE + 100):
        guard(offer("x"))
    assert len(lines.lines) == LINES_AT_ONCE
    clock.advance(1)
    guard(offer("x"))
    assert lines.lines[-1]["unlogged"] == 100


# --- places and connections -----------------------------------------------------------------------------------------


def guarded(clock: Clock, lines: Lines, **options: object) -> Gate:
    """A listener with a guard."""
    return make_gate(clock, admit=a_guard(clock, lines), **options)


def ask(gate: Gate, target: str, *headers: str) -> str:
    """What a client is answered."""
    leg = gate.connect()
    assert leg is not None
    leg.receive(upgrade_request(target, *headers))
    answer = leg.answer().decode("latin-1")
    leg.settle()
    leg.clock.advance(10)
    return answer


def test_place_is_given_back_when_there_is_no_upstream(clock: Clock, lines: Lines) -> None:
    """Who is turned away after all holds nothing; and who has no key does not hear that the upstream is down."""
    guard = a_guard(clock, lines)
    gate = make_gate(clock, admit=guard, busy=lambda _offer: 3.5)
    answer = ask(gate, PATH, f"Authorization: Token {CANARY}")
    assert answer.startswith("HTTP/1.1 503 ")
    assert "Retry-After: 4\r\n" in answer
    assert ask(gate, PATH).startswith("HTTP/1.1 401 ")
    assert not guard._places.taken


def test_place_is_given_back_when_the_acceptor_fails(clock: Clock, lines: Lines, logged: list[str]) -> None:
    """A fault of ours costs a client no place for ever."""

    def fail() -> None:
        raise KeyError

    guard = a_guard(clock, lines)
    gate = make_gate(clock, make=fail, admit=guard)  # type: ignore[arg-type]
    ask(gate, PATH, f"Authorization: Token {CANARY}")
    assert "KeyError" in logged.pop()
    assert not guard._places.taken


def test_place_is_the_sessions_once_the_websocket_is_open(clock: Clock, lines: Lines) -> None:
    """It outlives the connection, for a session may wait for its client."""
    guard = a_guard(clock, lines)
    gate = make_gate(clock, admit=guard)
    gate.open(PATH, f"Authorization: Token {CANARY}").transport.lose()
    assert guard._places.taken["everybody"] == 1
    (upgrade,) = gate.acceptance.upgrades
    upgrade.leave()
    assert not guard._places.taken


# --- what was used --------------------------------------------------------------------------------------------------


@pytest.mark.row(16)
@pytest.mark.row(48)
def test_client_whose_day_is_used_up_is_429_until_midnight(clock: Clock, lines: Lines) -> None:
    """It is told to come again in an hour at the latest, for the operator may allow more; others come in."""
    day_s = TODAY_S - TODAY_S % 86_400
    ledger = Ledger(lambda: day_s + clock.seconds(), Terms(Caps(minutes=1.0)))
    guard = a_guard(clock, lines, books=ledger)
    clock.advance(80_000.0)
    ledger.charge("phone", Spent(seconds=60.0))
    assert Refused(HTTPStatus.TOO_MANY_REQUESTS, 3600) == turned_away(guard, offer())
    assert [("day_minutes", 429, "phone")] == [(one["reason"], one["status"], one["client"]) for one in lines.lines]
    assert "small" == let_in(guard, offer("tg_small")).name
    assert "phone" == let_in(guard, offer(query={"resume": ["token"]})).name
    clock.advance(6399.5)
    assert Refused(HTTPStatus.TOO_MANY_REQUESTS, 1) == turned_away(guard, offer())
    clock.advance(0.5)
    assert "phone" == let_in(guard, offer()).name


@pytest.mark.row(48)
def test_clients_without_keys_share_a_day(clock: Clock, lines: Lines) -> None:
    """They have no name, and are one client for the ledger."""
    ledger = Ledger(lambda: TODAY_S, Terms(Caps(tokens=1)))
    guard = a_guard(clock, lines, judge=None, books=ledger)
    assert "" == let_in(guard, offer(None)).name
    ledger.charge("", Spent(usage=Usage(text_out=1)))
    assert HTTPStatus.TOO_MANY_REQUESTS is turned_away(guard, offer(None, "192.0.2.2")).status
