"""``turngate probe`` as a command, over real sockets: what it prints, and its exit status."""

from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol

from turngate.cli import main, probe
from turngate.net import BearerKey, use_reactor
from turngate.protocols.realtime import DIALECTS
from turngate.simulator import Manner, Pace, Simulator

KEY = "sk-canary"
HERE = "127.0.0.1"


@pytest.fixture(autouse=True)
def _autobahn_on_this_reactor() -> Any:
    before = use_reactor(reactor)
    yield
    use_reactor(before)


async def told(url: str, *arguments: str, key: str | None = KEY) -> int:
    """Probe, with a key; the exit status."""
    options = probe.parser().parse_args([url, *arguments])
    choices = probe.choices_of(options)
    return await Deferred.fromCoroutine(probe.tell(reactor, options, BearerKey(key) if key else None, choices))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("name", ["ga", "beta", "azure", "azure-preview"])
async def test_a_server_is_recognised_by_what_it_wants_to_be_shown(name: str, capsys: Any) -> None:
    """Its key's header and its own are found among those of all dialects; the key is shown to nobody else."""
    dialect = DIALECTS[name]
    simulator = Simulator(reactor, dialect=dialect, manner=Manner(pace=Pace(speed=0)))
    await simulator.listen(TCP4ServerEndpoint(reactor, 0, interface=HERE))
    url = simulator.url + dialect.path[len(simulator.path) :]
    status = await told(url, "--no-audio")
    await simulator.stop()
    printed = capsys.readouterr()
    assert (status, printed.err) == (0, "")
    assert f"This is the dialect {name}." in printed.out
    assert f'upstream_dialect = "{name}"' in printed.out
    assert KEY not in printed.out


class Answers(Protocol):
    """Answers every connection with the same bytes, and closes it."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(self.factory.answer)
        self.transport.loseConnection()


REFUSALS = [
    (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\nsk-canary", "HTTP 401: the key is wrong"),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404: the path or the model is wrong"),
    (b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", "HTTP 429: it takes no more"),
    (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>sk-canary</html>", "HTTP 200"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", ""),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("answer", "words"), REFUSALS)
async def test_what_is_no_such_server_gets_one_line(answer: bytes, words: str, capsys: Any) -> None:
    """On stderr, with nothing that the server wrote; the status is 1."""
    factory = Factory.forProtocol(Answers)
    factory.answer, factory.noisy = answer, False
    port = await TCP4ServerEndpoint(reactor, 0, interface=HERE).listen(factory)
    status = await told(f"ws://{HERE}:{port.getHost().port}/v1/realtime")
    await port.stopListening()
    printed = capsys.readouterr()
    assert (status, printed.out, printed.err.count("\n")) == (1, "", 1)
    assert words in printed.err
    assert KEY not in printed.err


@pytest_twisted.ensureDeferred
async def test_nobody_there_gets_one_line(capsys: Any) -> None:
    """The status is 1."""
    port = await TCP4ServerEndpoint(reactor, 0, interface=HERE).listen(Factory())
    number = port.getHost().port
    await port.stopListening()
    assert await told(f"ws://{HERE}:{number}/v1/realtime") == 1
    assert capsys.readouterr().err.startswith("turngate probe: cannot connect")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://127.0.0.1/"], "must be ws://"),
        (["ws://voice.example/v1/realtime"], "in the clear"),
        (["ws://127.0.0.1/", "--key-file", "/nowhere/key"], "cannot read the upstream key"),
        (["ws://127.0.0.1/", "--audio", "/nowhere/speech.wav"], "cannot read /nowhere/speech.wav"),
    ],
)
def test_wrong_arguments_have_status_2(arguments: list[str], words: str, monkeypatch: Any, capsys: Any) -> None:
    """Before anything is dialled."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert main(["probe", *arguments]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert KEY not in printed.err


@pytest.mark.parametrize(
    "arguments", [[], ["ws://x", "--within", "0"], ["ws://x", "--within", "nan"], ["ws://x", "--dialect", "z"]]
)
def test_arguments_that_cannot_be_read_have_status_2(arguments: list[str], capsys: Any) -> None:
    """As everywhere."""
    with pytest.raises(SystemExit) as end:
        main(["probe", *arguments])
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_speech_of_ones_own_is_made_to_fit() -> None:
    """A recording at another rate is converted; a long one is refused."""
    wav = Path(__file__).parents[1] / "data" / "go_forward.wav"
    speech = probe.choices_of(probe.parser().parse_args(["ws://x", "--audio", str(wav)])).speech
    assert speech is not None
    assert 2.0 < len(speech) / 48_000 < 4.0
