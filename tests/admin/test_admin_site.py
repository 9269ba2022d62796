"""The endpoint as HTTP, without a socket."""

from admin_rig import Rig
from attrs import evolve
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from turngate.admin.site import MAX_BODY_BYTES, MAX_CONNECTIONS, site

ADDRESS = IPv4Address("TCP", "127.0.0.1", 1)


def request(line, *headers):
    """A request by its first line."""
    return "\r\n".join([f"{line} HTTP/1.1", *headers, "", ""]).encode()


def test_answer_has_what_http_asks_for():
    """A status, a type, a length; nothing is kept by anybody on the way."""
    head, _, body = Rig().http(request("GET /readyz", "Host: localhost")).value().partition(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert b"http/1.1 200 ok" == lines[0]
    assert {b"content-length: 6", b"cache-control: no-store", b"content-type: text/plain; charset=utf-8"} <= set(lines)
    assert b"ready\n" == body


def test_answer_to_head_has_no_body():
    """And to a path with a query it is that of the path."""
    said = Rig().http(request("HEAD /livez?verbose", "Host: localhost")).value()
    assert b"Content-Length: 6\r\n".lower() in said.lower()
    assert said.endswith(b"\r\n\r\n")


def test_request_of_a_page_is_known_by_what_browsers_say():
    """Such as a form that is sent to this machine by a page of a stranger."""
    rig = Rig()
    for header in ("Origin: http://evil.example", "Origin: null", "Sec-Fetch-Mode: no-cors"):
        said = rig.http(request("POST /drain", "Host: localhost", header, "Content-Length: 0")).value()
        assert said.startswith(b"HTTP/1.1 403 ")
    assert rig.http(request("POST /drain", "Host: localhost", "Content-Length: 0")).value().startswith(b"HTTP/1.1 202 ")
    assert 1 == rig.drains


def test_request_when_it_announces_a_large_body_is_dropped():
    """Nothing of it is kept, and nothing is done; a small one is read and forgotten."""
    rig = Rig()
    for header in (f"Content-Length: {MAX_BODY_BYTES + 1}", "Transfer-Encoding: chunked"):
        transport = rig.http(request("POST /drain", "Host: localhost", header))
        assert transport.disconnecting
    assert 0 == rig.drains
    rig.http(request("POST /drain", "Host: localhost", "Content-Length: 2"), b"{}")
    assert 1 == rig.drains


def test_request_when_it_is_none_is_refused():
    """Whatever comes, the connection ends and the process does not."""
    for nonsense in (b"\0\1\2\r\n\r\n", b"GET\r\n\r\n", b"\xff" * 20_000):
        assert Rig().http(nonsense).disconnecting


def test_connection_when_there_are_too_many_is_dropped():
    """Whoever holds them open holds nothing of the proxy but these."""
    factory = site(Rig().desk)
    made = [factory.buildProtocol(ADDRESS) for _ in range(MAX_CONNECTIONS)]
    from twisted.internet.testing import StringTransport

    for protocol in made:
        protocol.makeConnection(StringTransport())
    assert factory.buildProtocol(ADDRESS) is None


class Elsewhere:
    """Has its sessions in other processes, which answer when the test says so."""

    def __init__(self):
        self.replies = []

    def listed(self, reply):
        self.replies.append(reply)


def test_answer_may_come_later_and_who_has_gone_is_told_nothing():
    """Other processes have to be asked; a caller that hung up meanwhile is no fault."""
    rig, house = Rig(), Elsewhere()
    rig.desk = evolve(rig.desk, house=house)
    transport = rig.http(request("GET /sessions", "Host: localhost"))
    assert b"" == transport.value()
    house.replies[0]([{"session": "6babc807"}])
    assert transport.value().endswith(b'{"sessions": [{"session": "6babc807"}]}\n')
    transport = rig.http(request("GET /sessions", "Host: localhost"))
    transport.protocol.connectionLost(Failure(ConnectionDone()))
    house.replies[1]([])
    assert b"" == transport.value()
