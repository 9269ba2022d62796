"""Dialling, with a reactor and a network in memory."""

from collections.abc import Callable, Iterator

import pytest
from net_rig import BoundedTransport, Dialled, Leg, upgrade_answer
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError, NoRouteError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from turngate.errors import ConfigError
from turngate.net.dialer import UpstreamDialler
from turngate.net.limits import Limits
from turngate.net.upstream import BearerKey, CurrentKey, Target
from turngate.proxy.ports import DialFailure, DialFault, IConnection, IDialler, IDialling, Outlook


@implementer(IStreamClientEndpoint)
class Road:
    """An endpoint whose connections the test makes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.targets: list[Target] = []
        self.factories: list[IProtocolFactory] = []
        self.attempts: list[Deferred[IProtocol]] = []
        self.cancelled = 0
        self.legs: list[Leg] = []

    def __call__(self, target: Target) -> "Road":
        self.targets.append(target)
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        self.factories.append(protocolFactory)
        attempt: Deferred[IProtocol] = Deferred(self.cancel)
        self.attempts.append(attempt)
        return attempt

    def cancel(self, _attempt: Deferred[IProtocol]) -> None:
        self.cancelled += 1

    def arrive(self) -> Leg:
        """The TCP connection is made."""
        protocol = self.factories[-1].buildProtocol(None)
        transport = BoundedTransport(self.clock, protocol)
        protocol.makeConnection(transport)
        self.attempts[-1].callback(protocol)
        leg = Leg(self.clock, protocol, transport, masked=False)
        leg.settle()
        self.legs.append(leg)
        return leg


@pytest.fixture
def road(clock: Clock) -> Iterator[Road]:
    """A road that must be empty again in the end."""
    road = Road(clock)
    yield road
    for leg in road.legs:
        leg.settle()
        assert leg.transport.is_lost


def dialler(road: Road, **options: object) -> UpstreamDialler:
    """A dialler over the road, with a key."""
    settings = {
        "url": "wss://api.example.com/v1/realtime?model={model}",
        "model": "gpt-realtime",
        "key": BearerKey("canary-key"),
        "limits": Limits(),
        "reactor": road.clock,
        "make_endpoint": road,
        **options,
    }
    return UpstreamDialler(**settings)  # type: ignore[arg-type]


def test_dialler_is_one(road: Road) -> None:
    """Dialler and dialling provide what the actors were promised."""
    dialling = dialler(road).dial(None, Dialled())
    assert verifyObject(IDialler, dialler(road))
    assert verifyObject(IDialling, dialling)
    dialling.cancel()


def test_connection_is_handed_over_when_the_upgrade_succeeds(road: Road) -> None:
    """The upstream sees the key and the model; the actor gets a connection, once."""
    dialled = Dialled()
    dialler(road, headers={"X-Project": "p"}).dial(None, dialled)
    assert road.targets == []
    road.clock.advance(0)
    leg = road.arrive()
    request = leg.answer()
    assert b"GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\n" in request
    assert b"\r\nAuthorization: Bearer canary-key\r\n" in request
    assert b"\r\nX-Project: p\r\n" in request
    assert b"openai-beta" not in request.lower()
    leg.receive(upgrade_answer(request))
    (connection,) = dialled.connections
    assert verifyObject(IConnection, connection)
    leg.receive(leg.frame(1, b"{}"))
    assert dialled.listener.calls == [("text", b"{}")]
    road.clock.advance(15)
    leg.transport.lose()
    assert dialled.failures == []
    assert len(dialled.listener.ends) == 1


@pytest.mark.parametrize(
    ("asked", "may", "dialled_model"),
    [
        (None, True, "gpt-realtime"),
        ("other", True, "other"),
        ("other", False, "gpt-realtime"),
        ("a b&c=d\r\nX: y", True, "a%20b%26c%3Dd%0D%0AX%3A%20y"),
    ],
)
@pytest.mark.row(41)
def test_model_is_the_clients_only_where_allowed(road: Road, asked: str | None, may: bool, dialled_model: str) -> None:
    """The operator's word decides, and the name is encoded on the wire."""
    dialling = dialler(road, may_choose=lambda _model: may).dial(asked, Dialled())
    road.clock.advance(0)
    assert ["wss://api.example.com/v1/realtime?model=" + dialled_model] == [target.url for target in road.targets]
    request = road.arrive().answer().decode()
    assert request.startswith(f"GET /v1/realtime?model={dialled_model} HTTP/1.1\r\n")
    assert "\r\nX: y" not in request
    dialling.cancel()


def test_key_and_headers_are_shown_as_the_dialect_wants(road: Road) -> None:
    """A key in a header of its own stands there alone; the dialect may send what an operator may not."""
    how = {"key_header": "api-key", "dialect_headers": {"OpenAI-Beta": "realtime=v1"}}
    dialling = dialler(road, **how).dial(None, Dialled())
    road.clock.advance(0)
    request = road.arrive().answer()
    assert b"\r\napi-key: canary-key\r\n" in request
    assert b"\r\nOpenAI-Beta: realtime=v1\r\n" in request
    assert b"uthorization" not in request
    dialling.cancel()


def test_key_that_was_changed_is_shown_by_the_next_to_dial(road: Road) -> None:
    """The connection that is there goes on."""
    key = CurrentKey(BearerKey("canary-key"))
    dialling = dialler(road, key=key)
    legs = []
    for name in ("canary-key", "canary-other"):
        dialling.dial(None, Dialled())
        road.clock.advance(0)
        leg = road.arrive()
        request = leg.answer()
        assert f"\r\nAuthorization: Bearer {name}\r\n".encode() in request
        leg.receive(upgrade_answer(request))
        legs.append(leg)
        key.change(BearerKey("canary-other"))
    assert [leg.transport.is_lost for leg in legs] == [False, False]
    for leg in legs:
        leg.transport.lose()


def test_no_key_sends_no_authorization(road: Road) -> None:
    """An upstream without keys gets none, also in the clear."""
    dialling = dialler(road, key=lambda: None, url="ws://simulator.example/").dial(None, Dialled())
    road.clock.advance(0)
    assert b"uthorization" not in road.arrive().answer()
    dialling.cancel()


def failing_key() -> str:
    """A key file that is gone."""
    raise FileNotFoundError("canary")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"url": "ws://api.example.com/"}, "TLS"),
        ({"key": BearerKey("canary key")}, "ASCII"),
        ({"key": BearerKey("canary\r\nX: y")}, "ASCII"),
        ({"key": BearerKey("")}, "ASCII"),
    ],
)
def test_dialling_fails_unsent_when_the_key_cannot_be_shown(road: Road, options: dict[str, object], word: str) -> None:
    """A key that would travel in the clear or break a header is not sent; the words do not hold it."""
    dialled = Dialled()
    dialler(road, **options).dial(None, dialled)
    assert dialled.failures == []
    road.clock.advance(0)
    (failure,) = dialled.failures
    assert word in failure.detail
    assert (DialFault.KEY, Outlook.REFUSED) == (failure.fault, failure.outlook)
    assert "canary" not in repr(failure)
    assert road.targets == []


def test_dialling_fails_when_the_key_cannot_be_read(road: Road, logged: list[str]) -> None:
    """A source that raises is a failure like another."""
    dialled = Dialled()
    dialler(road, key=failing_key).dial(None, dialled)
    road.clock.advance(0)
    assert [failure.detail for failure in dialled.failures] == ["the upstream key cannot be read"]
    assert "FileNotFoundError" in logged[0]
    assert "canary" not in logged.pop()


@pytest.mark.parametrize("error", [NoRouteError("canary"), DNSLookupError("canary")])
def test_dialling_fails_when_tcp_does(road: Road, error: Exception) -> None:
    """The kind of the error is told, its words are not."""
    dialled = Dialled()
    dialler(road).dial(None, dialled)
    road.clock.advance(0)
    road.attempts[0].errback(error)
    (failure,) = dialled.failures
    assert type(error).__name__ in failure.detail
    assert (DialFault.NAME if isinstance(error, DNSLookupError) else DialFault.TCP) is failure.fault
    assert Outlook.BETTER is failure.outlook
    assert "canary" not in failure.detail
    assert failure.status is None


@pytest.mark.parametrize(
    ("status", "outlook"),
    [
        *((status, Outlook.REFUSED) for status in (302, 400, 404, 200)),
        *((status, Outlook.KEY_REFUSED) for status in (401, 403)),
        *((status, Outlook.BUSY) for status in (429, 503)),
        *((status, Outlook.BETTER) for status in (408, 500, 502, 504, 999)),
    ],
)
def test_dialling_fails_with_the_status_when_the_upgrade_is_refused(road: Road, status: int, outlook: Outlook) -> None:
    """The status is told; body, headers and redirects are neither followed nor quoted."""
    dialled = Dialled()
    dialler(road).dial(None, dialled)
    road.clock.advance(0)
    leg = road.arrive()
    leg.receive(f"HTTP/1.1 {status} canary\r\nLocation: ws://canary/\r\nX: canary\r\n\r\ncanary".encode())
    (failure,) = dialled.failures
    assert (DialFault.REFUSED, status, outlook) == (failure.fault, failure.status, failure.outlook)
    assert failure.retry_after_s is None
    assert str(status) in failure.detail
    assert "canary" not in failure.detail
    assert len(road.targets) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("9" * 400, 3600.0),
        ("Thu, 01 Jan 1970 00:20:00 GMT", 200.0),
        ("Thu, 01 Jan 1970 00:20:00", 200.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("Thu, 01 Jan 2099 00:00:01 GMT", 3600.0),
        ("-3", None),
        ("1.5", None),
        ("soon", None),
        ("Thu, 99 Jan 1970 00:00:01 GMT", None),
        ("", None),
    ],
)
def test_dialling_fails_with_how_long_to_wait(road: Road, header: str, seconds: float | None) -> None:
    """Retry-After is a number of seconds or a date, and never trusted beyond an hour."""
    dialled = Dialled()
    dialler(road, now_s=lambda: 1000.0).dial(None, dialled)
    road.clock.advance(0)
    road.arrive().receive(f"HTTP/1.1 429 x\r\nRetry-After: {header}\r\n\r\n".encode())
    (failure,) = dialled.failures
    assert seconds == failure.retry_after_s


@pytest.mark.parametrize("answer", [b"HTTP/1.1 101 canary\r\n\r\n", b"canary\r\n\r\n", b"\xff\r\n\r\n", b"X" * 20_000])
def test_dialling_fails_when_the_answer_is_no_upgrade(road: Road, answer: bytes) -> None:
    """An answer that cannot be used has no status."""
    dialled = Dialled()
    dialler(road).dial(None, dialled)
    road.clock.advance(0)
    road.arrive().receive(answer)
    (failure,) = dialled.failures
    assert (DialFault.UPGRADE, None, Outlook.BETTER) == (failure.fault, failure.status, failure.outlook)
    assert "not valid" in failure.detail
    assert "canary" not in failure.detail


def test_dialling_fails_when_the_upstream_hangs_up(road: Road) -> None:
    """A connection that ends before the answer is a failure."""
    dialled = Dialled()
    dialler(road).dial(None, dialled)
    road.clock.advance(0)
    road.arrive().transport.lose()
    assert [DialFault.UPGRADE] == [failure.fault for failure in dialled.failures]


def _nothing(_road: Road) -> None:
    """No TCP connection."""


def _arrive(road: Road) -> None:
    """A TCP connection, and silence."""
    road.arrive()


def _half(road: Road) -> None:
    """Half of an answer."""
    road.arrive().receive(b"HTTP/1.1 101 Swi")


stages = pytest.mark.parametrize("stage", [_nothing, _arrive, _half])


@stages
def test_dialling_fails_at_the_deadline(road: Road, stage: Callable[[Road], None]) -> None:
    """Connecting and upgrading have one deadline together, and nothing is left after it."""
    dialled = Dialled()
    dialler(road).dial(None, dialled)
    road.clock.advance(0)
    road.clock.advance(2)
    stage(road)
    road.clock.advance(2.9)
    assert dialled.failures == []
    road.clock.advance(0.1)
    words = "was not connected" if stage is _nothing else "did not answer"
    assert [DialFailure(DialFault.TIME, f"the upstream {words} within 5 s")] == dialled.failures
    assert (1 if stage is _nothing else 0) == road.cancelled


@stages
@pytest.mark.row(96)
def test_cancel_leaves_nothing_behind(road: Road, stage: Callable[[Road], None]) -> None:
    """A cancelled dialling is silent, and so is a second cancel."""
    dialled = Dialled()
    dialling = dialler(road).dial(None, dialled)
    road.clock.advance(0)
    stage(road)
    dialling.cancel()
    dialling.cancel()
    road.clock.advance(10)
    assert (dialled.connections, dialled.failures) == ([], [])
    assert (1 if stage is _nothing else 0) == road.cancelled


def test_cancel_before_the_first_turn_dials_nothing(road: Road) -> None:
    """A wish that is taken back at once never reaches the network."""
    dialled = Dialled()
    dialler(road).dial(None, dialled).cancel()
    road.clock.advance(10)
    assert road.targets == []
    assert dialled.failures == []


def test_cancel_of_an_endpoint_that_connects_all_the_same_drops_the_connection(road: Road) -> None:
    """A TCP connection that was made in the moment of the cancel is not kept."""
    dialled = Dialled()
    dialling = dialler(road).dial(None, dialled)
    road.clock.advance(0)
    dialling.cancel()
    protocol = road.factories[0].buildProtocol(None)
    transport = BoundedTransport(road.clock, protocol)
    protocol.makeConnection(transport)
    road.clock.advance(0)
    assert transport.is_lost
    assert (dialled.connections, dialled.failures) == ([], [])


def test_cancel_after_success_keeps_the_connection(road: Road) -> None:
    """What was handed over is the actor's."""
    dialled = Dialled()
    dialling = dialler(road).dial(None, dialled)
    road.clock.advance(0)
    leg = road.arrive()
    leg.receive(upgrade_answer(leg.answer()))
    dialling.cancel()
    leg.settle()
    assert not leg.transport.is_lost
    leg.transport.lose()


def test_fault_of_who_asked_is_logged(road: Road, logged: list[str]) -> None:
    """A listener that fails on a failure costs nothing more."""

    def fail() -> None:
        raise KeyError("canary")

    dialler(road).dial(None, Dialled(notify=fail))
    road.clock.advance(0)
    road.attempts[0].errback(NoRouteError())
    assert "KeyError" in logged[0]
    assert "canary" not in logged.pop()


def test_dialler_is_refused_with_a_reserved_header(road: Road) -> None:
    """The operator hears of it when the dialler is made."""
    with pytest.raises(ConfigError, match="OpenAI-Beta"):
        dialler(road, headers={"OpenAI-Beta": "realtime=v1"})


def test_dialler_is_refused_with_a_bad_url(road: Road) -> None:
    """So with a URL that cannot be dialled."""
    with pytest.raises(ConfigError, match="URL"):
        dialler(road, url="http://h/")
