"""Calls of functions in memory: what is sent, what may come back, how long it may take, and what is left behind."""

import gc
from collections.abc import Callable
from typing import Any

import pytest
from function_rig import Lines, Outcomes, Resolver, Wire, http
from twisted.internet import error as errors
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from turngate.net.function_hosts import FunctionHosts
from turngate.net.functions import FunctionCaller
from turngate.net.limits import MIB, FunctionLimits
from turngate.proxy.ports import FunctionEndpoint, FunctionOutcome, IFunctionCaller, IPending

LOCAL = "http://127.0.0.1:9000"
NAMED = "https://good.example"
PUBLIC = "93.184.216.34"
CANARY = "canary-4711"
HOSTS = ["127.0.0.1:9000+http", "localhost:9000+http", "good.example", "tools.internal+private"]


class Stage:
    """A caller with nothing real about it."""

    def __init__(self, *addresses: str, **limits: Any) -> None:
        self.reactor = MemoryReactorClock()
        self.resolver = Resolver([list(addresses or (PUBLIC,))])
        self.log = Lines()
        self.outcomes = Outcomes()
        self.caller = FunctionCaller(
            hosts=FunctionHosts.listed(HOSTS),
            log=self.log,
            reactor=self.reactor,
            limits=FunctionLimits(**limits),
            resolver=self.resolver,
        )

    def call(self, url: str = LOCAL, arguments: str = "{}", session: str = "s", **endpoint: Any) -> IPending:
        """Begin a call, and let it come to where it waits."""
        call = self.caller.call(session, FunctionEndpoint(url, **endpoint), arguments, self.outcomes)
        self.reactor.advance(0)
        return call

    def connect(self, index: int = -1) -> Wire:
        """Take a connection that is being made."""
        return Wire(self.reactor, self.reactor.tcpClients[index][2])

    def refuse(self, error: BaseException, index: int = -1) -> None:
        """Turn one down."""
        self.reactor.tcpClients[index][2].clientConnectionFailed(self.reactor.connectors[index], Failure(error))

    def answered(self, answer: bytes) -> Wire:
        """One call that is answered like this."""
        self.call()
        wire = self.connect()
        wire.say(answer)
        return wire

    @property
    def dialled(self) -> list[tuple[str, int]]:
        """Where connections were made to."""
        return [(client[0], client[1]) for client in self.reactor.tcpClients]

    def is_clean(self) -> bool:
        """Whether nothing is left of any call."""
        gc.collect()
        return self.reactor.getDelayedCalls() == [] and self.caller.call_count == 0


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_caller_is_one() -> None:
    """It has what the session needs."""
    stage = Stage()
    verifyObject(IFunctionCaller, stage.caller)
    verifyObject(IPending, stage.call())
    verifyObject(IPending, stage.call("https://evil.example/"))


def test_arguments_are_sent_and_the_answer_is_the_output() -> None:
    """One request with the arguments as its body, and one outcome with the text of the answer."""
    stage = Stage()
    stage.call(f"{LOCAL}/a/b?c=d", '{"city": "Köln"}', headers={"authorization": "Bearer k"})
    assert stage.outcomes.all == []
    wire = stage.connect()
    first, headers, body = wire.request
    assert first == "POST /a/b?c=d HTTP/1.1"
    assert body.decode() == '{"city": "Köln"}'
    assert headers == {
        "host": "127.0.0.1:9000",
        "authorization": "Bearer k",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
    }
    wire.say(http("200 OK", '{"degrees": "21°"}'.encode()))
    assert stage.outcomes.all == [FunctionOutcome(output='{"degrees": "21°"}')]
    assert wire.transport.ending
    assert stage.is_clean()


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_arguments_are_the_body_of_other_methods_that_have_one(method: str) -> None:
    """The method is the client's."""
    stage = Stage()
    stage.call(method=method)
    first, headers, body = stage.connect().request
    assert (f"{method} / HTTP/1.1", "2", b"{}") == (first, headers["content-length"], body)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_arguments_go_nowhere_when_the_method_has_no_body(method: str) -> None:
    """No query is made of them."""
    stage = Stage()
    stage.call(f"{LOCAL}/a?b=c", CANARY, method=method)
    wire = stage.connect()
    first, headers, body = wire.request
    assert (f"{method} /a?b=c HTTP/1.1", b"") == (first, body)
    assert "content-length" not in headers
    wire.say(http("200 OK", b"yes"))
    assert stage.outcomes.outputs == ["yes"]


def test_content_type_is_the_clients_when_it_says_one() -> None:
    """It is sent once."""
    stage = Stage()
    stage.call(headers={"content-type": "application/vnd.x+json"})
    assert stage.connect().request[1]["content-type"] == "application/vnd.x+json"


def test_arguments_need_not_be_json_nor_even_unicode() -> None:
    """They are a model's; what they are is for the function to judge."""
    stage = Stage()
    stage.call(arguments="\ud800 no json")
    assert stage.connect().request[2] == b"? no json"


def test_nothing_in_the_environment_is_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the address that is connected to."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    stage = Stage()
    stage.call()
    stage.call(NAMED)
    assert stage.dialled == [("127.0.0.1", 9000), (PUBLIC, 443)]


# --- where it is sent -------------------------------------------------------------------------------------------------


def test_endpoint_that_is_not_allowed_is_told_so_at_once_and_never_called() -> None:
    """There are words for the client at its settings; a call all the same is an outcome, and touches nothing."""
    stage = Stage()
    assert stage.caller.allows(FunctionEndpoint(f"{LOCAL}/x")) is None
    for endpoint in (
        FunctionEndpoint("https://evil.example/"),
        FunctionEndpoint(LOCAL, "TRACE"),
        FunctionEndpoint(LOCAL, headers={"Host": "evil.example"}),
    ):
        words = stage.caller.allows(endpoint)
        assert words is not None
        assert "evil" not in words
        stage.caller.call("s", endpoint, "{}", stage.outcomes)
    assert stage.outcomes.all == []
    stage.reactor.advance(0)
    assert stage.outcomes.failures == ["not allowed"] * 3
    assert (stage.resolver.asked, stage.dialled) == ([], [])
    assert [None] * 3 == [fields["host"] for _event, fields in stage.log.lines]
    assert stage.is_clean()


def test_nothing_is_called_when_no_host_is_listed() -> None:
    """Off is the default, and off is off."""
    stage = Stage()
    caller = FunctionCaller(hosts=FunctionHosts(), log=stage.log, reactor=stage.reactor, resolver=stage.resolver)
    words = caller.allows(FunctionEndpoint(LOCAL))
    assert words is not None
    assert "not called by the server" in words
    caller.call("s", FunctionEndpoint(LOCAL), "{}", stage.outcomes)
    stage.reactor.advance(5)
    assert stage.outcomes.failures == ["not allowed"]
    assert (stage.resolver.asked, stage.dialled) == ([], [])


def test_name_is_resolved_once_and_its_address_is_pinned() -> None:
    """An answer that changes, as in DNS rebinding, is never asked for: the address that was checked is connected to."""
    stage = Stage()
    stage.resolver.answers = [[PUBLIC], ["127.0.0.1"]]
    stage.call("https://GOOD.example./")
    assert (stage.resolver.asked, stage.dialled) == (["good.example"], [(PUBLIC, 443)])
    stage.call(NAMED)
    stage.reactor.advance(0)
    assert (stage.resolver.asked, stage.dialled) == (["good.example"] * 2, [(PUBLIC, 443)])
    assert stage.outcomes.failures == ["not allowed"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:93.184.216.34"],
        ["64:ff9b::5db8:d822"],
        ["2002:5db8:d822::1"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, PUBLIC, "fe80::1"],
    ],
)
def test_name_with_an_address_that_is_not_public_is_not_connected_to(addresses: list[str]) -> None:
    """One bad address among good ones is enough: who answers so is not to be trusted with the others."""
    stage = Stage(*addresses)
    stage.call(NAMED)
    assert stage.dialled == []
    assert stage.outcomes.failures == ["not allowed"]
    assert stage.is_clean()


@pytest.mark.parametrize(
    ("url", "addresses", "is_called"),
    [
        ("https://tools.internal/", ["10.0.0.1"], True),
        ("https://tools.internal/", ["fd00::1", "10.0.0.1", PUBLIC], True),
        ("https://tools.internal/", ["169.254.169.254"], False),
        ("https://tools.internal/", ["10.0.0.1", "0.0.0.0"], False),  # noqa: S104 - nothing is bound here
        ("http://localhost:9000/", ["::1", "127.0.0.1"], True),
        ("http://localhost:9000/", ["127.0.0.1", "10.0.0.1"], False),
        ("http://localhost:9000/", [PUBLIC], False),
    ],
)
def test_private_addresses_are_connected_to_where_the_operator_said_so(
    url: str, addresses: list[str], is_called: bool
) -> None:
    """For the hosts that are marked, as far as the mark goes, and never to where clouds keep their credentials."""
    stage = Stage(*addresses)
    stage.call(url)
    assert [addresses[0]] * is_called == [host for host, _port in stage.dialled]
    assert ["not allowed"] * (not is_called) == stage.outcomes.failures


def test_next_address_is_tried_when_one_does_not_take_us() -> None:
    """Each of the same answer, each for a while, and the last as long as there is time."""
    stage = Stage("2606:2800:220:1::1", PUBLIC)
    stage.call(NAMED)
    assert stage.reactor.tcpClients[0][3] == 2.0
    stage.refuse(errors.TimeoutError())
    assert stage.dialled == [("2606:2800:220:1::1", 443), (PUBLIC, 443)]
    stage.refuse(errors.ConnectionRefusedError())
    assert stage.outcomes.failures == ["refused"]
    assert stage.resolver.asked == ["good.example"]
    assert stage.is_clean()


@pytest.mark.parametrize("give_up", [lambda stage, call: call.cancel(), lambda stage, call: stage.reactor.advance(5)])
def test_next_address_is_not_tried_when_the_call_is_over(give_up: Callable[[Stage, IPending], None]) -> None:
    """Whoever gave up did not mean the first address only."""
    stage = Stage(PUBLIC, "8.8.8.8")
    give_up(stage, stage.call(NAMED))
    assert stage.dialled == [(PUBLIC, 443)]
    assert [connector.stoppedConnecting for connector in stage.reactor.connectors] == [True]
    assert stage.is_clean()


def test_no_more_than_a_few_addresses_are_tried() -> None:
    """A name with hundreds is a port scan."""
    stage = Stage(*(f"8.8.8.{index}" for index in range(100)))
    stage.call(NAMED)
    while len(stage.outcomes.all) == 0:
        stage.refuse(errors.ConnectionRefusedError())
    assert len(stage.dialled) == 4


def test_name_without_an_address_is_unknown() -> None:
    """That is told, and is not the same as a refusal."""
    stage = Stage()
    stage.resolver.answers = [[]]
    stage.call(NAMED)
    assert stage.outcomes.failures == ["unknown host"]
    assert stage.is_clean()


def test_resolver_that_raises_fails_the_call_alone(logged: list[str]) -> None:
    """The fault is logged by its type and place."""
    stage = Stage()
    stage.resolver.answers = []
    stage.call(NAMED)
    assert stage.outcomes.failures == ["unknown host"]
    assert "IndexError" in logged.pop()
    assert stage.is_clean()


# --- what may come back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (http("200 OK", b"yes"), "yes"),
        (http("201 Created", b""), ""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
        (b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nyes", "yes"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + http("200 OK", b"yes"), "yes"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http("200 OK", b"yes"), "yes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nye\r\n1\r\ns\r\n0\r\n\r\n", "yes"),
        (http("200 OK", "é \0 \u2028".encode()), "é \0 \u2028"),
        (http("200 OK", b"yes", "Content-Type: image/png", "Set-Cookie: a=b"), "yes"),
        (http("200 OK", b"y" * MIB), "y" * MIB),
    ],
)
def test_answer_is_the_output_when_it_is_a_good_one(answer: bytes, output: str) -> None:
    """Whatever it calls itself, text of a 2xx up to the bound is the output."""
    stage = Stage()
    wire = stage.answered(answer)
    assert stage.outcomes.all == [FunctionOutcome(output=output)]
    assert wire.transport.ending
    assert stage.is_clean()


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (http("500 Oops", CANARY.encode()), "status 500"),
        (http("404 Not Found"), "status 404"),
        (http("301 Moved", b"", f"Location: {LOCAL}/{CANARY}"), "status 301"),
        (http("302 Found", b"", f"Location: https://good.example/{CANARY}"), "status 302"),
        (http("307 Again", b"", f"Location: {CANARY}"), "status 307"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "status 304"),
        (http(f"401 {CANARY}", b"", 'WWW-Authenticate: Basic realm="x"'), "status 401"),
        (http("999 Canary"), "broken"),
        (http("-200 Canary"), "broken"),
        (http("20000000000000000000000 Canary"), "broken"),
        (http("200 OK", b"y" * (MIB + 1)), "too large"),
        (http("200 OK", b"", length=2 * MIB), "too large"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"y" * 65536 + b"\r\n", None),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"y" * 65536 + b"\r\n") * 17,
            "too large",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * (MIB + 1), "too large"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30000, "too large"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 30000, "too large"),
        (http("200 OK", b"\xff\xfe" + CANARY.encode()), "not text"),
        (http("200 OK", b"\xc3"), "not text"),
        (http("200 OK", b"\xed\xa0\x80"), "not text"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000 + b"\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", "broken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "broken"),
        (CANARY.encode() + b"\r\n", "broken"),
        (b"\x00" * 100, None),
    ],
)
def test_answer_is_a_failure_in_our_words_when_it_is_a_bad_one(
    answer: bytes, failure: str | None, everything_logged: list[str]
) -> None:
    """The first thing that is wrong ends the call and the connection, and nothing of the answer is quoted or logged."""
    stage = Stage()
    wire = stage.answered(answer)
    if failure is None:
        # there might be more to come; there is not
        assert stage.outcomes.all == []
        wire.end()
        failure = "broken"
    assert stage.outcomes.all == [FunctionOutcome(failure=failure)]
    assert wire.transport.ending or wire.transport._lost
    assert stage.dialled == [("127.0.0.1", 9000)]
    assert stage.is_clean()
    assert CANARY not in "".join(everything_logged)


@pytest.mark.parametrize("piece", [b"", b"HTTP/1.1 2", http("200 OK", b"y", length=100), http("200 OK", b"", length=1)])
@pytest.mark.parametrize("error", [ConnectionDone(), ConnectionLost()])
def test_answer_that_ends_early_is_none(piece: bytes, error: Exception) -> None:
    """Half an answer is not given to a model, whoever has hung up and how."""
    stage = Stage()
    stage.answered(piece).end(error)
    assert stage.outcomes.failures == ["broken"]
    assert stage.is_clean()


def test_answer_without_a_length_ends_with_the_connection() -> None:
    """Simple servers do so; an end that nobody meant is not one."""
    for error, outcome in (
        (ConnectionDone(), FunctionOutcome(output="yes")),
        (ConnectionLost(), FunctionOutcome(failure="broken")),
    ):
        stage = Stage()
        stage.answered(b"HTTP/1.0 200 OK\r\n\r\nyes").end(error)
        assert stage.outcomes.all == [outcome]
        assert stage.is_clean()


def test_what_is_kept_of_an_endless_answer_is_bounded() -> None:
    """It is cut at the bound, and not read to its end first."""
    stage = Stage()
    wire = stage.answered(b"HTTP/1.1 200 OK\r\n\r\n")
    pieces = 0
    while not wire.transport.ending:
        wire.say(bytes(65536))
        pieces += 1
    assert pieces == 17
    assert stage.outcomes.failures == ["too large"]


def test_arguments_that_are_too_large_are_not_sent() -> None:
    """A bound for what a model makes up, too."""
    stage = Stage(max_arguments_bytes=10)
    stage.call(arguments="é" * 6)
    assert (stage.dialled, stage.outcomes.failures) == ([], ["too large"])
    stage.call(arguments="é" * 5)
    assert stage.connect().request[2] == ("é" * 5).encode()


# --- how long, how many -----------------------------------------------------------------------------------------------


def hanging_in_the_name(stage: Stage) -> None:
    stage.resolver.held = []
    stage.call(NAMED)


def hanging_in_the_connection(stage: Stage) -> None:
    stage.call()


def hanging_in_the_head(stage: Stage) -> None:
    stage.call()
    stage.connect().say(b"HTTP/1.1 200 OK\r\nX: y\r\n")


def hanging_in_the_body(stage: Stage) -> None:
    stage.call()
    stage.connect().say(http("200 OK", b"y", length=100))


HANGING = [hanging_in_the_name, hanging_in_the_connection, hanging_in_the_head, hanging_in_the_body]


@pytest.mark.parametrize("hanging", HANGING)
def test_call_fails_at_its_deadline_wherever_it_hangs(hanging: Callable[[Stage], None]) -> None:
    """Five seconds for all of it, and not for each part."""
    stage = Stage()
    hanging(stage)
    stage.reactor.advance(4.9)
    assert stage.outcomes.all == []
    stage.reactor.advance(0.1)
    assert stage.outcomes.failures == ["timeout"]
    stage.reactor.advance(0)
    assert stage.reactor.getDelayedCalls() == []


def test_call_fails_at_its_deadline_when_the_answer_trickles() -> None:
    """A byte a second is no reason to wait."""
    stage = Stage()
    wire = stage.answered(b"HTTP/1.1 200 OK\r\n\r\n")
    for _second in range(5):
        stage.reactor.advance(1)
        if not wire.transport.ending:
            wire.say(b"y")
    assert stage.outcomes.failures == ["timeout"]
    wire.settle()
    assert stage.is_clean()


@pytest.mark.parametrize("hanging", HANGING)
def test_cancelled_call_leaves_nothing_and_tells_nothing(hanging: Callable[[Stage], None]) -> None:
    """At any stage; a second cancel changes nothing, and neither does the deadline."""
    stage = Stage()
    begun = stage.caller.call("s", FunctionEndpoint(LOCAL), "{}", stage.outcomes)
    begun.cancel()
    hanging(stage)
    (call,) = stage.caller._asked
    call.cancel()
    call.cancel()
    stage.reactor.advance(0)
    assert stage.reactor.getDelayedCalls() == []
    stage.reactor.advance(10)
    assert stage.outcomes.all == []
    assert stage.log.outcomes == ["cancelled"] * 2
    for receiver in stage.resolver.held or ():
        stage.resolver.answer(receiver)
    assert stage.is_clean()


def test_refusal_can_be_cancelled_too() -> None:
    """A call that is not made is still one that is under way."""
    stage = Stage()
    call = stage.caller.call("s", FunctionEndpoint("https://evil.example"), "{}", stage.outcomes)
    call.cancel()
    call.cancel()
    stage.reactor.advance(0)
    assert stage.outcomes.all == []


def test_cancel_after_the_end_does_nothing() -> None:
    """Whoever is slow to hear of it does no harm."""
    stage = Stage()
    call = stage.call()
    stage.connect().say(http("200 OK"))
    call.cancel()
    assert stage.log.outcomes == ["ok"]


def test_calls_of_a_session_and_of_all_sessions_are_bounded() -> None:
    """One too many is told so, touches nothing, and room comes back when a call ends."""
    stage = Stage(max_calls=3, max_session_calls=2)
    first = stage.call(session="a")
    stage.call(session="a")
    stage.call(session="a")
    assert stage.outcomes.failures == ["too many calls"]
    stage.call(session="b")
    stage.call(session="b")
    assert stage.outcomes.failures == ["too many calls"] * 2
    assert len(stage.dialled) == 3
    first.cancel()
    stage.call(session="a")
    assert len(stage.dialled) == 4


def test_name_that_never_resolves_keeps_its_place() -> None:
    """The threads that resolve names are few, and dialling needs them: calls that hang there are still counted."""
    stage = Stage(max_session_calls=1)
    hanging_in_the_name(stage)
    stage.reactor.advance(5)
    stage.call()
    assert stage.outcomes.failures == ["timeout", "too many calls"]
    assert stage.resolver.held is not None
    stage.resolver.answer(stage.resolver.held.pop())
    assert stage.dialled == []
    stage.call()
    assert stage.dialled == [("127.0.0.1", 9000)]


def test_call_can_be_begun_from_inside_an_outcome() -> None:
    """The place of the one that ended is free by then."""
    stage = Stage(max_session_calls=1)
    again: list[FunctionOutcome] = []

    def call_again(outcome: FunctionOutcome) -> None:
        again.append(outcome)
        stage.caller.call("s", FunctionEndpoint(LOCAL), "{}", stage.outcomes)

    stage.caller.call("s", FunctionEndpoint(LOCAL), "{}", call_again)
    stage.reactor.advance(0)
    stage.connect().say(http("500 Oops"))
    assert len(again) == 1
    assert len(stage.dialled) == 2


def test_fault_of_whoever_waits_is_logged_and_stays_with_it(logged: list[str]) -> None:
    """By its type and place: its words may quote the output."""
    stage = Stage()

    def fail(_outcome: FunctionOutcome) -> None:
        raise LookupError(CANARY)

    stage.caller.call("s", FunctionEndpoint(LOCAL), "{}", fail)
    stage.reactor.advance(0)
    stage.connect().say(http("200 OK"))
    line = logged.pop()
    assert "LookupError" in line
    assert CANARY not in line
    assert stage.is_clean()


@pytest.mark.parametrize("name", ["call_s", "attempt_s", "max_output_bytes", "max_calls", "max_session_calls"])
def test_no_limit_can_be_switched_off(name: str) -> None:
    """Zero is no way to say for ever."""
    with pytest.raises(ValueError, match=name):
        FunctionLimits(**{name: 0})


# --- what is logged ---------------------------------------------------------------------------------------------------


def test_host_and_outcome_are_logged_and_nothing_else(everything_logged: list[str]) -> None:
    """No path, no query, no header, no argument and no answer is in any line at any level, nor in an outcome's repr."""
    stage = Stage()
    headers = {"Authorization": CANARY}
    for answer in (http("200 OK", CANARY.encode()), http(f"500 {CANARY}", CANARY.encode()), CANARY.encode() + b"\r\n"):
        stage.call(f"{LOCAL}/{CANARY}?{CANARY}={CANARY}", CANARY, headers=headers)
        stage.connect().say(answer)
    stage.call(f"{NAMED}/{CANARY}", CANARY, headers=headers).cancel()
    stage.call(f"https://{CANARY}.example/{CANARY}", CANARY, headers=headers)
    hosts = ["127.0.0.1"] * 3 + ["good.example", None]
    outcomes = ["ok", "status 500", "broken", "cancelled", "not allowed"]
    assert stage.log.lines == [
        ("function.called", {"session": "s", "host": host, "outcome": outcome})
        for host, outcome in zip(hosts, outcomes, strict=True)
    ]
    assert stage.is_clean()
    assert CANARY not in "".join(everything_logged)
    assert CANARY not in repr(stage.outcomes)
