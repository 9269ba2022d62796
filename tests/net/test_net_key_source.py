"""Keys that are fetched from a URL: when, and what is believed meanwhile."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from dial_rig import Kept
from function_rig import Resolver, Wire, http
from jwt.algorithms import ECAlgorithm
from socket_rig import RawServer, Town, async_test, make_certificate, the_reactor, until
from twisted.internet.error import ConnectionRefusedError as RefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from turngate.net.admission import Offer, Refused
from turngate.net.credentials import Known, Reason
from turngate.net.guard import Guard, Times
from turngate.net.jwts import FetchedJwts
from turngate.net.key_source import Freshness, KeySource
from turngate.net.limits import MIB
from turngate.net.quotas import Quotas
from turngate.ops.jwks import jwks_fetched, place_of

NOW_S = 1_800_000_000.0
PRIVATE = {kid: generate_private_key(SECP256R1()) for kid in "ab"}
HOUR_S, DAY_S = 3600.0, 86_400.0


def jwks(*kids: str) -> bytes:
    """A set with these keys."""
    keys = [{**ECAlgorithm.to_jwk(PRIVATE[kid].public_key(), as_dict=True), "kid": kid} for kid in kids]
    return json.dumps({"keys": keys}).encode()


def token(kid: str = "a", signer: str | None = None) -> str:
    """A token that says which key has signed it."""
    claims = {"sub": "u1", "aud": "turngate", "exp": NOW_S + 300}
    return jwt.encode(claims, PRIVATE[signer or kid], "ES256", headers={"kid": kid})


class Stage:
    """A source with nothing real about it but the HTTP, and who judges by it."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.log = Kept()
        self.source = KeySource(
            place=place_of("http://127.0.0.1:9000/jwks.json?a=b"),
            read=jwks_fetched,
            reactor=self.reactor,
            log=self.log,
            uniform=lambda _low, high: high,
            resolver=Resolver([[]]),
        )
        self.judge = FetchedJwts(self.source, "turngate")

    def asks(self, secret: str) -> Known | Reason:
        """What becomes of a token; a fetch that it brings about begins."""
        answer = self.judge.judge(secret, NOW_S)
        self.reactor.advance(0)
        return answer

    def answers(self, answer: bytes) -> Wire:
        """The fetch that is under way is answered."""
        wire = Wire(self.reactor, self.reactor.tcpClients[-1][2])
        wire.say(answer)
        return wire

    def refuses(self) -> None:
        """It is not even connected."""
        self.reactor.tcpClients[-1][2].clientConnectionFailed(self.reactor.connectors[-1], Failure(RefusedError()))

    def starts(self, *kids: str, headers: tuple[str, ...] = ()) -> "Stage":
        """The first fetch is over."""
        self.source.refresh()
        self.reactor.advance(0)
        self.answers(http("200 OK", jwks(*(kids or ("a",))), *headers))
        return self

    @property
    def fetches(self) -> int:
        return len(self.reactor.tcpClients)

    def fetches_after(self, seconds: float) -> bool:
        """Whether the next fetch begins then, and not before."""
        before = self.fetches
        self.reactor.advance(seconds - 0.001)
        self.reactor.advance(0)
        early = self.fetches
        self.reactor.advance(0.002)
        self.reactor.advance(0)
        return (early, self.fetches) == (before, before + 1)


# --- fetching ---------------------------------------------------------------------------------------------------------


def test_set_is_asked_for_and_its_keys_are_in_force() -> None:
    """Before that nothing is known, and a client is to come again; a token that is none is refused at once."""
    stage = Stage()
    assert stage.source.keys is None
    assert stage.asks(token()) is Reason.NOT_YET
    assert stage.asks("a.b.c") is Reason.MALFORMED
    assert stage.fetches == 1
    wire = stage.answers(http("200 OK", jwks("a", "b")))
    first, headers, body = wire.request
    assert (first, headers["host"], body) == ("GET /jwks.json?a=b HTTP/1.1", "127.0.0.1:9000", b"")
    assert wire.transport.ending
    assert [stage.asks(token(kid)) for kid in "ab"] == [Known("jwt:u1")] * 2
    assert stage.asks(token("a", signer="b")) is Reason.SIGNATURE
    assert stage.log.lines == [
        ("info", "clients.keys_fetched", {"host": "127.0.0.1", "count": 2, "next_s": 3600}),
    ]
    stage.source.stop()
    assert stage.reactor.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), HOUR_S),
        (("Cache-Control: public, max-age=7200, must-revalidate",), 7200),
        (('cache-control: MAX-AGE="600"',), 600),
        (("Cache-Control: public", "Cache-Control: max-age=900"), 900),
        (("Cache-Control: max-age=0",), 300),
        (("Cache-Control: no-store, max-age=7200",), 300),
        (("Cache-Control: max-age=999999999",), DAY_S),
        (("Cache-Control: max-age=" + "9" * 5000,), HOUR_S),
        (("Cache-Control: max-age=-1",), HOUR_S),
        (("Cache-Control: max-age=\u00b2",), HOUR_S),
        (("Cache-Control: max-age",), HOUR_S),
    ],
)
def test_set_is_fetched_again_when_its_answer_says_so(headers: tuple[str, ...], seconds: float) -> None:
    """Within five minutes and a day, whatever it says."""
    stage = Stage().starts(headers=headers)
    assert stage.fetches_after(seconds)
    stage.answers(http("200 OK", jwks("b"), *headers))
    assert stage.asks(token("b")) == Known("jwt:u1")
    stage.source.stop()


def test_set_that_is_the_same_is_no_news() -> None:
    """One that is not, is."""
    stage = Stage().starts("a")
    for kids in ("a", "ab"):
        assert stage.fetches_after(HOUR_S)
        stage.answers(http("200 OK", jwks(*kids)))
    assert [level for level, _, _ in stage.log.lines] == ["info", "debug", "info"]
    stage.source.stop()


BAD_ANSWERS = {
    "redirect": (http("302 Found", b"", "Location: http://127.0.0.1:9000/other"), "status 302"),
    "failure": (http("500 No"), "status 500"),
    "no JSON": (http("200 OK", b"<html>canary"), 'the answer is no JSON Web Key Set, which begins with {"keys": ['),
    "no set": (http("200 OK", b'{"canary": 1}'), 'the answer is no JSON Web Key Set, which begins with {"keys": ['),
    "no key": (http("200 OK", b'{"keys": []}'), "the answer has no key of a kind that is taken; there are ES256, "),
    "deep": (http("200 OK", b"[" * 500_000), 'the answer is no JSON Web Key Set, which begins with {"keys": ['),
    "large": (http("200 OK", b" ", length=MIB + 1), "too large"),
    "endless": (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MIB + 1), "too large"),
    "headers": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000, "too large"),
    "binary": (http("200 OK", b"\xff"), "not text"),
    "no HTTP": (b"canary\r\n\r\n", "broken"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_answer_that_is_no_set_changes_nothing(name: str) -> None:
    """No redirect is followed, nothing without an end is read, and the log quotes nothing."""
    answer, problem = BAD_ANSWERS[name]
    stage = Stage().starts()
    assert stage.fetches_after(HOUR_S)
    stage.answers(answer)
    (fields,) = stage.log.named("clients.keys_not_fetched")
    assert str(fields["problem"]).startswith(problem)
    assert "canary" not in str(fields)
    assert stage.log.lines[-1][0] == "warn"
    assert stage.asks(token()) == Known("jwt:u1")
    assert stage.fetches == 2
    stage.source.stop()


def test_fetch_has_an_end() -> None:
    """Ten seconds, whatever comes in them."""
    stage = Stage()
    stage.source.refresh()
    stage.reactor.advance(0)
    wire = stage.answers(http("200 OK", jwks("a"))[:-1])
    stage.reactor.advance(9.9)
    assert stage.log.lines == []
    stage.reactor.advance(0.1)
    assert stage.log.named("clients.keys_not_fetched")[0]["problem"] == "timeout"
    assert wire.transport.ending
    stage.source.stop()
    assert stage.reactor.getDelayedCalls() == []


def test_fetch_that_failed_is_tried_again_at_growing_distances() -> None:
    """From five seconds to five minutes; it is an error while there are no keys at all."""
    stage = Stage()
    stage.source.refresh()
    stage.reactor.advance(0)
    for pause_s in (5, 10, 20, 40, 80, 160, 300, 300):
        stage.refuses()
        assert stage.log.lines[-1] == (
            "error",
            "clients.keys_not_fetched",
            {"host": "127.0.0.1", "problem": "refused", "next_s": pause_s},
        )
        assert stage.fetches_after(pause_s)
    stage.answers(http("200 OK", jwks("a")))
    assert stage.asks(token()) == Known("jwt:u1")
    assert stage.fetches_after(HOUR_S)
    stage.refuses()
    assert stage.log.lines[-1][2]["next_s"] == 5
    stage.source.stop()


def test_set_is_good_for_a_day_after_it_should_have_been_fetched_again() -> None:
    """Then nobody knows any more what is good; until it is fetched at last."""
    stage = Stage().starts()
    assert stage.fetches_after(HOUR_S)
    stage.refuses()
    level, _, fields = stage.log.lines[-1]
    assert (level, fields["good_s"]) == ("warn", DAY_S)
    stage.reactor.advance(DAY_S - 1)
    stage.refuses()
    assert stage.asks(token()) == Known("jwt:u1")
    stage.reactor.advance(1)
    assert stage.source.keys is None
    assert stage.asks(token()) is Reason.NOT_YET
    assert stage.fetches_after(9)
    stage.answers(http("200 OK", jwks("a")))
    assert stage.asks(token()) == Known("jwt:u1")
    stage.source.stop()


# --- keys that are not there ------------------------------------------------------------------------------------------


@pytest.mark.row(10)
def test_token_by_a_key_that_is_not_there_brings_a_fetch_about() -> None:
    """Its client is to come again, and is judged by what came then: a key that was changed turns nobody away."""
    stage = Stage().starts("a")
    stage.reactor.advance(30)
    assert stage.asks(token("b")) is Reason.NOT_YET
    assert stage.asks(token("b")) is Reason.NOT_YET
    assert stage.fetches == 2
    stage.answers(http("200 OK", jwks("b")))
    assert stage.asks(token("b")) == Known("jwt:u1")
    assert stage.asks(token("a")) is Reason.UNKNOWN
    stage.source.stop()


@pytest.mark.row(10)
def test_strangers_do_not_make_us_hammer_whoever_has_the_keys() -> None:
    """One fetch in half a minute, however many keys they invent; good tokens need none."""
    stage = Stage().starts("a")
    answers = []
    for _second in range(300):
        stage.reactor.advance(1)
        before = stage.fetches
        answers.append(stage.asks(token("b")))
        if stage.fetches > before:
            assert stage.asks(token("a")) == Known("jwt:u1")
            stage.answers(http("200 OK", jwks("a")))
    assert (answers.count(Reason.NOT_YET), answers.count(Reason.UNKNOWN), stage.fetches) == (10, 290, 11)
    stage.source.stop()


def test_strangers_do_not_make_us_hammer_whoever_is_down() -> None:
    """Those that are tried by themselves count among them."""
    stage = Stage().starts("a")
    stage.reactor.advance(30)
    answers = []
    for _second in range(300):
        before = stage.fetches
        answers.append(stage.asks(token("b")))
        if stage.fetches > before:
            stage.refuses()
        stage.reactor.advance(1)
        stage.reactor.advance(0)
    assert set(answers) == {Reason.NOT_YET}
    assert stage.fetches <= 1 + 300 / 30 + 3
    stage.source.stop()


def test_fault_of_ours_is_not_the_last_fetch(logged: list[str]) -> None:
    """It is logged by its kind, and tried again like any failure."""
    stage = Stage()
    stage.source._read = lambda _text: 1 // 0
    stage.source.refresh()
    stage.reactor.advance(0)
    stage.answers(http("200 OK", jwks("a")))
    assert "ZeroDivisionError" in logged.pop()
    assert stage.log.named("clients.keys_not_fetched")[0]["problem"] == "the answer cannot be read"
    assert stage.fetches_after(5)
    stage.source.stop()


@pytest.mark.parametrize("secret", [jwt.encode({"sub": "u"}, PRIVATE["a"], "ES256"), token("a", signer="b")])
def test_token_that_no_other_set_could_make_good_brings_no_fetch_about(secret: str) -> None:
    """It names no key, or one that is there."""
    stage = Stage().starts("a", "b")
    stage.reactor.advance(60)
    assert stage.asks(secret) in {Reason.UNKNOWN, Reason.SIGNATURE}
    assert stage.fetches == 1
    stage.source.stop()


def test_client_whose_keys_are_not_known_is_503_and_told_when_to_come_again() -> None:
    """It is not its fault; who has none is 401 as ever."""
    stage = Stage()
    guard = Guard(
        judge=stage.judge,
        quotas=Quotas(),
        clock=Times(stage.reactor.seconds, lambda: NOW_S),
        log=stage.log,
        comes_back=lambda _offer: False,
    )
    refused = guard(Offer("/", "unix", authorization=f"Bearer {token()}"))
    assert isinstance(refused, Refused)
    assert (refused.status.value, refused.retry_after_s) == (503, 2)
    assert stage.log.named("client.refused")[0]["reason"] == "not_yet"
    missing = guard(Offer("/", "unix"))
    assert isinstance(missing, Refused)
    assert missing.status.value == 401
    stage.source.stop()


# --- over sockets -----------------------------------------------------------------------------------------------------


@async_test
async def test_set_is_fetched_over_verified_tls_only(town: Town) -> None:
    """Who cannot prove to be the host of the URL gives us no keys, and sees no request."""
    tls, trusted = make_certificate("id.test")
    served = [(RawServer(lambda _request: http("200 OK", jwks("a"))), name) for name in ("id.test", "other.test")]
    for trust_root in (trusted, None):
        for server, name in served:
            log = Kept()
            port = town.listen(server, tls)
            source = KeySource(
                place=place_of(f"https://{name}:{port}/jwks"),
                read=jwks_fetched,
                reactor=the_reactor,
                log=log,
                uniform=lambda _low, high: high,
                freshness=Freshness(),
                resolver=Resolver([["127.0.0.1"]]),
                trust_root=trust_root,
            )
            source.refresh()
            await until(lambda log=log: log.lines)
            source.stop()
            is_proven = trust_root is not None and name == "id.test"
            assert (source.keys is not None) is is_proven
            if not is_proven:
                assert log.named("clients.keys_not_fetched")[0]["problem"] == "tls failed"
    (good, _), (other, _) = served
    assert good.received.startswith(b"GET /jwks HTTP/1.1\r\n")
    assert good.received.count(b"GET") == 1
    assert other.received == b""
