import socket
import ssl
from contextlib import contextmanager

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.internet.threads import deferToThread
from twisted.logger import globalLogPublisher
from twisted.protocols.wire import Echo

from certificate_rig import described, issue
from turngate.errors import ConfigError
from turngate.ops.certificates import Certificates
from turngate.ops.logging import Log
from turngate.ops.sockets import listening

# Twisted's own endpoint speaks to pyOpenSSL like this
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
PATIENCE_S = 10


def connected(port):
    """A connection that trusts anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), PATIENCE_S))


def shown(port):
    """The certificate that a new connection is shown."""
    with connected(port) as client:
        return client.getpeercert(binary_form=True)


def echoed(client, words):
    """What comes back."""
    client.sendall(words)
    return client.recv(100)


@contextmanager
def logged():
    """The lines of the log."""
    lines = []

    def observe(event):
        lines.append(event.get("line", ""))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


@pytest_twisted.ensureDeferred
async def test_new_connections_are_shown_the_new_certificate(tmp_path):
    """And an open one goes on; no port was closed for it."""
    old = issue(tmp_path, "old")
    certificates = Certificates(Log())
    port = listening(certificates.on(reactor, described(tmp_path)), described(tmp_path), Factory.forProtocol(Echo))
    number = port.getHost().port
    client = await deferToThread(connected, number)
    assert old == await deferToThread(shown, number)
    new = issue(tmp_path, "new")
    assert old == await deferToThread(shown, number)
    with logged() as lines:
        certificates.reload()
    assert new == await deferToThread(shown, number)
    assert b"a" == await deferToThread(echoed, client, b"a")
    assert any(line.startswith("tls.renewed endpoint=") for line in lines)
    await deferToThread(client.close)
    await port.stopListening()


def another_key(directory):
    """A key that is not the certificate's: half of a renewal."""
    kept = (directory / "cert.pem").read_bytes()
    issue(directory, "other")
    (directory / "cert.pem").write_bytes(kept)


@pytest.mark.parametrize(
    "spoil",
    [
        another_key,
        lambda directory: (directory / "cert.pem").write_text("-----BEGIN"),
        lambda directory: (directory / "key.pem").unlink(),
    ],
    ids=["another's key", "half a file", "no file"],
)
@pytest_twisted.ensureDeferred
async def test_old_certificate_is_shown_when_the_new_one_does_not_do(tmp_path, spoil):
    """A renewal that is half done, or went wrong, turns no client away; the log says so."""
    old = issue(tmp_path, "old")
    certificates = Certificates(Log())
    port = listening(certificates.on(reactor, described(tmp_path)), described(tmp_path), Factory.forProtocol(Echo))
    spoil(tmp_path)
    with logged() as lines:
        certificates.reload()
    assert old == await deferToThread(shown, port.getHost().port)
    assert any(line.startswith("tls.not_renewed endpoint=") for line in lines)
    await port.stopListening()


def test_start_is_refused_when_key_and_certificate_are_not_of_each_other(tmp_path):
    """The operator is still looking."""
    issue(tmp_path, "old")
    another_key(tmp_path)
    reactor_of = Certificates(Log()).on(reactor, described(tmp_path))
    with pytest.raises(ConfigError, match="keys do not match"):
        listening(reactor_of, described(tmp_path), Factory.forProtocol(Echo))


def test_other_endpoints_listen_on_the_reactor_itself():
    """There is nothing to show."""
    assert Certificates(Log()).on(reactor, "tcp:0") is reactor
