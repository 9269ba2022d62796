"""
Clients that nobody wants: one that never reads, one that floods, handshakes that never end, connections without number.

Each comes again when it was shown out. All come from addresses of their own, as strangers would.
"""

from collections import Counter
from collections.abc import Callable

from peer import BINARY, PING, TEXT, Peer, Place, connect, frame
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.task import LoopingCall

AGAIN_S = 1.0
SLOW_READERS, SLOW_ANSWERS, SLOW_FOR_S = 5, 20, 40.0
FLOODERS, FLOOD_FRAMES = 2, 20_000
HALF_OPEN = 200
CONNECTS_PER_S = 100
LONG_WORDS = "word " * 100
"""The simulator says it back: half a minute of speech."""
FLOODS = (frame(TEXT, b'{"type":"KeepAlive"}'), frame(BINARY, bytes(640)), frame(PING, b"?"), frame(BINARY))


class Storm:
    """All of them; ``counts`` says what became of them."""

    def __init__(self, reactor, place: Callable[[str], Place], settings: dict) -> None:
        self.counts: Counter = Counter()
        self.is_on = False
        self.settings = settings
        self.open: set[Protocol] = set()
        self.reactor = reactor
        self._place = place
        self._flood = LoopingCall(self._connections)
        self._flood.clock = reactor
        self._numbers = 0

    def begin(self) -> None:
        self.is_on = True
        for _ in range(SLOW_READERS):
            self.again(self.slow_reader, 0.0)
        for _ in range(FLOODERS):
            self.again(self.flooder, 0.0)
        for number in range(HALF_OPEN):
            self.again(self.half_open, number * 0.01)
        self._flood.start(1 / 10)

    def end(self) -> None:
        self.is_on = False
        self._flood.stop()
        for protocol in tuple(self.open):
            protocol.transport.abortConnection()

    def again(self, who: Callable[[], None], after_s: float = AGAIN_S) -> None:
        self.reactor.callLater(after_s, lambda: self.is_on and who())

    def slow_reader(self) -> None:
        connect(self.reactor, SlowReader(self, self._place("10.9.0.1")))

    def flooder(self) -> None:
        self._numbers += 1
        connect(self.reactor, Flooder(self, self._place("10.9.0.2"), self._numbers))

    def half_open(self) -> None:
        self.reactor.connectTCP("127.0.0.1", self._place("").port, Bare(HalfOpen(self)))

    def _connections(self) -> None:
        """Half of them leave at once, half ask for a WebSocket as fast as they can."""
        place = self._place("10.9.0.3")
        for number in range(CONNECTS_PER_S // 10):
            if number % 2:
                connect(self.reactor, Passer(self, place))
            else:
                self.reactor.connectTCP("127.0.0.1", place.port, Bare(Gone(self)))


class Bare(ClientFactory):
    """Connects a protocol that is none of WebSocket."""

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: object) -> Protocol:
        return self._protocol


class Hostile(Peer):
    def __init__(self, storm: Storm, place: Place) -> None:
        super().__init__(place)
        self.storm = storm

    def connectionMade(self) -> None:
        self.storm.open.add(self)
        super().connectionMade()

    def refused(self) -> None:
        self.storm.counts[f"{self.kind} refused with {self.status}"] += 1

    def ended(self) -> None:
        self.storm.open.discard(self)


class SlowReader(Hostile):
    """Asks for hours of speech, and never reads a byte of it."""

    kind = "slow reader"

    def opened(self) -> None:
        self.storm.counts["slow readers"] += 1
        self.say(self.storm.settings)

    def heard(self, message: dict) -> None:
        if message["type"] == "SettingsApplied":
            for _ in range(SLOW_ANSWERS):
                self.say({"type": "InjectUserMessage", "content": LONG_WORDS})
            self.transport.pauseProducing()
            # who does not read does not see its end either
            self.storm.reactor.callLater(SLOW_FOR_S, self.transport.abortConnection)

    def ended(self) -> None:
        super().ended()
        self.storm.again(self.storm.slow_reader)


class Flooder(Hostile):
    """Sends frames as fast as the network takes them, half of them before their settings."""

    kind = "flooder"

    def __init__(self, storm: Storm, place: Place, number: int) -> None:
        super().__init__(storm, place)
        self._piece = FLOODS[number % len(FLOODS)]
        self._is_early = number // len(FLOODS) % 2 == 0

    def opened(self) -> None:
        self.storm.counts["flooders"] += 1
        if self._is_early:
            self._flood()
        else:
            self.say(self.storm.settings)

    def heard(self, message: dict) -> None:
        if message["type"] == "SettingsApplied":
            self._flood()

    def ended(self) -> None:
        super().ended()
        if self.status == 101:
            self.storm.counts[f"flooders closed with {self.code}"] += 1
        self.storm.again(self.storm.flooder)

    def _flood(self) -> None:
        self.write(self._piece * FLOOD_FRAMES)


class Passer(Hostile):
    """Opens a WebSocket, if it is let in, and goes."""

    kind = "connects"

    def opened(self) -> None:
        self.storm.counts["connects let in"] += 1
        self.hang_up()


class Gone(Protocol):
    """A TCP connection and nothing else."""

    def __init__(self, storm: Storm) -> None:
        self.storm = storm

    def connectionMade(self) -> None:
        self.storm.counts["connects that left at once"] += 1
        self.transport.abortConnection()


class HalfOpen(Protocol):
    """A byte of its header every second."""

    def __init__(self, storm: Storm) -> None:
        self.storm = storm
        self._dripping = LoopingCall(self._drip)
        self._at = 0
        self._request = Place(0, "/v1/agent/converse").request()

    def connectionMade(self) -> None:
        self.storm.open.add(self)
        self.storm.counts["half-open handshakes"] += 1
        self._dripping.clock = self.storm.reactor
        self._dripping.start(1.0)

    def connectionLost(self, reason: object = None) -> None:
        self.storm.open.discard(self)
        if self._dripping.running:
            self._dripping.stop()
        self.storm.again(self.storm.half_open)

    def _drip(self) -> None:
        self.transport.write(self._request[self._at : self._at + 1])
        self._at += 1
