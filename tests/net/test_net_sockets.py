"""Both legs over real sockets on the loopback, against peers that know nothing of Autobahn."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from net_rig import (
    BINARY,
    CLOSE,
    PATH,
    TEXT,
    Dialled,
    Frame,
    Listener,
    close_frame,
    frame,
    read_frames,
    upgrade_answer,
    upgrade_request,
)
from socket_rig import RawServer, RawServerConnection, Town, async_test, make_certificate, the_reactor, until
from twisted.internet._resolver import HostResolution
from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from zope.interface import implementer

from turngate.net.dialer import UpstreamDialler
from turngate.net.limits import Limits
from turngate.net.upstream import BearerKey
from turngate.proxy.ports import DialFailure, DialFault, Outlook

# --- peers ----------------------------------------------------------------------------------------------------------


class RawClient:
    """A client made of a blocking socket; to be used in a thread."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", port))
        self.rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> bytes:
        """Send a request and read the head of the answer."""
        self.socket.sendall(request)
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(65536)
            if not piece:
                break
            self.rest += piece
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return head

    def open(self) -> None:
        """Open a WebSocket."""
        assert self.ask(upgrade_request()).startswith(b"HTTP/1.1 101 ")

    def frames(self, enough: Callable[[list[Frame]], object]) -> list[Frame]:
        """Read frames until there are enough."""
        frames: list[Frame] = []
        while not enough(frames):
            piece = self.socket.recv(1 << 20)
            assert piece, frames
            new, self.rest = read_frames(self.rest + piece)
            frames += new
        return frames

    def drain(self) -> int:
        """Read until the end; returns how much it was."""
        total = 0
        try:
            while piece := self.socket.recv(1 << 20):
                total += len(piece)
        except ConnectionError:
            pass
        return total


def dialler(url: str, **options: Any) -> UpstreamDialler:
    """A dialler with a key."""
    settings = {"model": "m", "key": BearerKey("canary-key"), "limits": Limits(), "reactor": the_reactor, **options}
    return UpstreamDialler(url=url, **settings)


async def dialled(url: str, **options: Any) -> Dialled:
    """Dial, and wait for how it goes."""
    outcome = Dialled()
    dialler(url, **options).dial(None, outcome)
    await until(lambda: outcome.connections or outcome.failures)
    return outcome


async def ended(*listeners: Listener) -> None:
    """Wait for connections to end."""
    await until(lambda: all(listener.ends for listener in listeners))


@implementer(IHostnameResolver)
class NobodyHome:
    """A resolver that knows no address."""

    def resolveHostName(self, resolutionReceiver: IResolutionReceiver, hostName: str, **_more: object) -> object:
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        resolutionReceiver.resolutionComplete()
        return resolution


# --- the tests ------------------------------------------------------------------------------------------------------


@async_test
async def test_both_legs_talk_and_nagle_is_off_on_either(town: Town) -> None:
    """Messages travel between our two legs, and the kernel says that small ones are sent at once."""
    site = town.site()
    upstream = await dialled(f"ws://127.0.0.1:{site.port}{PATH}")
    (ours,) = upstream.connections
    theirs = site.connection
    for connection in (ours, theirs):
        assert connection._wire._protocol.transport.getTcpNoDelay()  # type: ignore[attr-defined]
    ours.send_text("é".encode())
    ours.send_binary(b"\0\1")
    theirs.send_binary(bytes(100_000))
    await until(lambda: len(site.heard.messages) == 2 and upstream.listener.messages)
    assert [("text", "é".encode()), ("binary", b"\0\1")] == site.heard.messages
    assert [("binary", bytes(100_000))] == upstream.listener.messages
    ours.close(1001, "bye")
    await ended(site.heard, upstream.listener)
    assert [(how.code, how.reason, how.by_us) for how in site.heard.ends] == [(1001, "bye", False)]
    assert [how.by_us for how in upstream.listener.ends] == [True]


@async_test
@pytest.mark.row(22)
async def test_gigabyte_header_is_1009_with_flat_memory(town: Town) -> None:
    """The header is refused before the payload, and the payload that comes all the same is not kept."""
    site = town.site()

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def attack() -> tuple[list[Frame], int]:
        with RawClient(site.port) as client:
            client.open()
            before = resident()
            client.socket.sendall(frame(BINARY, claimed=1 << 30))
            frames = client.frames(lambda frames: frames)
            piece = bytes(1 << 20)
            try:
                for _mebibyte in range(64):
                    client.socket.sendall(piece)
            except (ConnectionError, TimeoutError):
                pass
            return frames, resident() - before

    (sent,), growth = await deferToThread(attack)
    assert (sent.opcode, sent.close_code) == (CLOSE, 1009)
    assert growth < 16 << 20
    await ended(site.heard)
    assert [how.code for how in site.heard.ends] == [1006]


@async_test
@pytest.mark.parametrize("code", [1001, 1008, 1011, 1013])
async def test_close_code_is_seen_by_a_raw_client(town: Town, code: int) -> None:
    """The codes that Autobahn's own sendClose refuses reach a client that knows nothing of Autobahn."""
    site = town.site()

    def visit() -> list[Frame]:
        with RawClient(site.port) as client:
            client.open()
            client.socket.sendall(frame(TEXT, b"close, please", masked=True))
            frames = client.frames(lambda frames: frames)
            client.socket.sendall(close_frame(code))
            assert client.drain() == 0
            return frames

    visiting = deferToThread(visit)
    await until(lambda: site.acceptance.listeners and site.heard.calls)
    site.connection.close(code, "reason")
    (sent,) = await visiting
    assert (CLOSE, code, "reason") == (sent.opcode, sent.close_code, sent.close_reason)
    await ended(site.heard)
    assert [(code, True)] == [(how.code, how.by_us) for how in site.heard.ends]


@async_test
@pytest.mark.parametrize(
    ("request_bytes", "line"),
    [
        (upgrade_request("/nowhere"), b"HTTP/1.1 404 Not Found"),
        (upgrade_request(PATH, "Origin: https://evil.example"), b"HTTP/1.1 403 Forbidden"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 426 Upgrade Required"),
        (b"X" * (16 * 1024 + 1), b"HTTP/1.1 431 Request Header Fields Too Large"),
    ],
)
async def test_refusal_is_seen_by_a_raw_client(town: Town, request_bytes: bytes, line: bytes) -> None:
    """The answer arrives, and the connection ends."""
    site = town.site()

    def visit() -> bytes:
        with RawClient(site.port) as client:
            head = client.ask(request_bytes)
            assert client.drain() == 0
            return head

    head = await deferToThread(visit)
    assert line == head.split(b"\r\n")[0]
    await until(lambda: site.listener.connection_count == 0)


@async_test
@pytest.mark.row(2)
async def test_endless_header_costs_little(town: Town) -> None:
    """An attacker's twenty megabytes of header are cut off at sixteen kilobytes."""
    site = town.site()

    def attack() -> int:
        sent = 0
        with RawClient(site.port) as client:
            try:
                while sent < 20 << 20:
                    client.socket.sendall(b"X: y\r\n" * 1000)
                    sent += 6000
            except ConnectionError:
                pass
        return sent

    before = time.thread_time()
    sent = await deferToThread(attack)
    assert sent < 20 << 20
    assert time.thread_time() - before < 0.2
    assert site.listener.refusals == {431: 1}


@async_test
@pytest.mark.row(52)
async def test_client_that_never_reads_congests_and_stays_bounded(town: Town) -> None:
    """Pressure comes after a bounded amount, and goes when the client reads."""
    site = town.site()
    client = await deferToThread(lambda: RawClient(site.port, receive_buffer=4096))
    await deferToThread(client.open)
    transport = site.connection._wire._protocol.transport  # type: ignore[attr-defined]
    piece = bytes(16 * 1024)
    total = 0

    async def fill() -> None:
        nonlocal total
        while ("congested",) not in site.heard.calls:
            site.connection.send_binary(piece)
            total += len(piece)
            await deferLater(the_reactor, 0, lambda: None)

    await fill()
    assert len(transport.dataBuffer) + transport._tempDataLen < (64 + 17) * 1024
    assert total < 32 << 20
    await deferToThread(lambda: client.frames(lambda frames: len(frames) * len(piece) >= total))
    await until(lambda: site.heard.calls[-1] == ("relieved",))
    client.socket.close()
    await ended(site.heard)


@async_test
@pytest.mark.row(52)
async def test_client_that_never_reads_is_dropped_over_the_bound(town: Town) -> None:
    """A sender that ignores the pressure loses the connection and not the memory."""
    site = town.site(Limits(client_max_unsent_bytes=1 << 20))
    client = await deferToThread(lambda: RawClient(site.port, receive_buffer=4096))
    await deferToThread(client.open)
    piece = bytes(1 << 18)
    for _quarter in range(400):
        site.connection.send_binary(piece)
    await ended(site.heard)
    assert [how.reason for how in site.heard.ends] == ["the peer does not read"]
    await deferToThread(client.socket.close)


@pytest.mark.row(45)
@async_test
@pytest.mark.row(45)
async def test_self_signed_upstream_gets_no_byte(town: Town) -> None:
    """A certificate that nobody vouches for ends the dialling before the request, and so before the key."""
    server = RawServer()
    port = town.listen(server, make_certificate("localhost")[0])
    outcome = await dialled(f"wss://localhost:{port}/v1")
    (failure,) = outcome.failures
    assert "certificate verify failed" in failure.detail
    assert (DialFault.TLS, Outlook.REFUSED) == (failure.fault, failure.outlook)
    assert failure.status is None
    await until(lambda: server.gone)
    assert server.received == b""


@pytest.mark.row(45)
@async_test
@pytest.mark.row(45)
async def test_upstream_with_anothers_certificate_gets_no_byte(town: Town) -> None:
    """A certificate that is trusted, and is for another name, is none."""
    tls, trusted = make_certificate("elsewhere.example")
    server = RawServer()
    port = town.listen(server, tls)
    outcome = await dialled(f"wss://localhost:{port}/v1", trust_root=trusted)
    (failure,) = outcome.failures
    assert "another name" in failure.detail
    assert (DialFault.TLS, Outlook.REFUSED) == (failure.fault, failure.outlook)
    await until(lambda: server.gone)
    assert server.received == b""


@async_test
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_trusted_upstream_is_talked_to_over_tls(town: Town, host: str) -> None:
    """With a certificate that is trusted, TLS works on both legs, with all that plain connections have."""
    tls, trusted = make_certificate("localhost", "127.0.0.1")
    site = town.site(tls=tls)
    upstream = await dialled(f"wss://{host}:{site.port}{PATH}", trust_root=trusted)
    (ours,) = upstream.connections
    for connection in (ours, site.connection):
        assert connection._wire._protocol.transport.getTcpNoDelay()  # type: ignore[attr-defined]
    ours.send_text(b"hello")
    site.connection.send_binary(bytes(200_000))
    await until(lambda: site.heard.messages and upstream.listener.messages)
    assert site.heard.messages == [("text", b"hello")]
    site.connection.close(1011, "")
    await ended(site.heard, upstream.listener)
    assert [how.code for how in upstream.listener.ends] == [1011]


@async_test
async def test_peer_that_stops_reading_congests_over_tls_too(town: Town) -> None:
    """TLS has buffers of its own; pressure comes through them."""
    tls, trusted = make_certificate("localhost")
    site = town.site(tls=tls)
    upstream = await dialled(f"wss://localhost:{site.port}{PATH}", trust_root=trusted)
    (ours,) = upstream.connections
    ours.pause_reading()
    total = 0
    while ("congested",) not in site.heard.calls:
        site.connection.send_binary(bytes(16 * 1024))
        total += 16 * 1024
        assert total < 32 << 20
        await deferLater(the_reactor, 0, lambda: None)
    ours.resume_reading()
    await until(lambda: site.heard.calls[-1] == ("relieved",))
    ours.abort()
    await ended(site.heard, upstream.listener)


@async_test
async def test_upstream_that_is_not_there_is_told(town: Town) -> None:
    """A refused TCP connection is a failure without a status."""
    del town
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    (failure,) = (await dialled(f"ws://127.0.0.1:{port}/")).failures
    assert "ConnectionRefusedError" in failure.detail
    assert DialFault.TCP is failure.fault
    assert failure.status is None


@async_test
async def test_upstream_whose_name_has_no_address_is_told(town: Town) -> None:
    """The look-up has a kind of its own; the resolver is the test's, for a real one asks the network."""
    before = the_reactor.nameResolver
    the_reactor.installNameResolver(NobodyHome())
    (failure,) = (await dialled("wss://nobody.example/")).failures
    the_reactor.installNameResolver(before)
    assert (DialFault.NAME, Outlook.BETTER) == (failure.fault, failure.outlook)
    del town


@async_test
async def test_upstream_that_hangs_up_on_the_request_is_told(town: Town) -> None:
    """Neither refused nor silent: the connection ends where an answer belongs."""

    class HangsUp(RawServerConnection):
        def dataReceived(self, data: bytes) -> None:
            del data
            self.transport.loseConnection()

    server = RawServer()
    server.protocol = HangsUp
    (failure,) = (await dialled(f"ws://127.0.0.1:{town.listen(server)}/")).failures
    assert (DialFault.UPGRADE, Outlook.BETTER) == (failure.fault, failure.outlook)


@async_test
@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 503])
@pytest.mark.row(46)
async def test_refused_upgrade_is_told_with_its_status(town: Town, status: int) -> None:
    """The status of a refusal arrives, and a redirect leads nowhere."""
    elsewhere = RawServer()
    other_port = town.listen(elsewhere)
    location = f"Location: ws://127.0.0.1:{other_port}/\r\nRetry-After: 3\r\n"
    server = RawServer(lambda _request: f"HTTP/1.1 {status} canary\r\n{location}\r\ncanary".encode())
    (failure,) = (await dialled(f"ws://127.0.0.1:{town.listen(server)}/")).failures
    assert (DialFault.REFUSED, status) == (failure.fault, failure.status)
    assert failure.retry_after_s == (3 if status in (429, 503) else None)
    assert "canary" not in repr(failure)
    assert b"\r\nAuthorization: Bearer canary-key\r\n" in server.received
    await until(lambda: server.gone)
    assert elsewhere.connections == []


@async_test
@pytest.mark.parametrize("is_secure", [False, True])
async def test_upstream_that_never_answers_fails_at_the_deadline(town: Town, is_secure: bool) -> None:
    """A black hole, before or after TLS, costs the time for dialling and nothing more."""
    server = RawServer()
    port = town.listen(server)
    scheme = "wss" if is_secure else "ws"
    begun = time.monotonic()
    outcome = await dialled(f"{scheme}://127.0.0.1:{port}/", limits=Limits(dial_s=0.2))
    assert 0.15 < time.monotonic() - begun < 1
    assert [DialFailure(DialFault.TIME, "the upstream did not answer within 0.2 s")] == outcome.failures
    await until(lambda: server.gone)


@async_test
@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("stage", ["at once", "while connecting", "while upgrading"])
async def test_cancel_leaves_no_socket(town: Town, scheme: str, stage: str) -> None:
    """A cancelled dialling closes what it had, at any stage; the fixture looks for leftovers."""
    server = RawServer()
    port = town.listen(server)
    outcome = Dialled()
    dialling = dialler(f"{scheme}://localhost:{port}/").dial(None, outcome)
    if stage == "while connecting":
        await deferLater(the_reactor, 0, lambda: None)
    elif stage == "while upgrading":
        await until(lambda: server.received)
    dialling.cancel()
    await until(lambda: server.gone == len(server.connections))
    assert (outcome.connections, outcome.failures) == ([], [])
    if stage == "while upgrading":
        assert server.gone == 1


@async_test
async def test_upstream_that_closes_and_stays_is_dropped(town: Town) -> None:
    """The upstream's close ends our connection in time, though it never hangs up."""
    server = RawServer(lambda request: upgrade_answer(request) + close_frame(1001, "expired", masked=False))
    port = town.listen(server)
    outcome = await dialled(f"ws://127.0.0.1:{port}/", limits=Limits(close_handshake_s=0.1))
    await ended(outcome.listener)
    assert [(how.code, how.reason, how.by_us) for how in outcome.listener.ends] == [(1001, "expired", False)]
    await until(lambda: server.gone)
