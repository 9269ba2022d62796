"""
What the proxy is measured against: the least that Autobahn can do between the two protocols.

    .venv/bin/python bench/plain_relay.py PORT UPSTREAM_URL

It translates the few messages that the load needs, one by one. It has no actors, no gate, no resampling, no limits, no
log and no metrics, and would serve nobody.
"""

import json
import sys
from base64 import b64decode, b64encode
from typing import Any

from autobahn.twisted.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
    connectWS,
)
from twisted.internet import reactor

TOLD = {"session.updated": b'{"type":"SettingsApplied"}'}
TOLD["input_audio_buffer.speech_started"] = b'{"type":"UserStartedSpeaking"}'


class Model(WebSocketClientProtocol):
    """The upstream's leg."""

    def connectionMade(self) -> None:
        # Autobahn forgets it, and every small frame would wait for an acknowledgement of the one before
        self.transport.setTcpNoDelay(True)
        super().connectionMade()

    def onOpen(self) -> None:
        caller = self.factory.caller
        caller.model = self
        for payload in caller.early:
            self.sendMessage(payload)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        event = json.loads(payload)
        kind = event["type"]
        if kind == "response.output_audio.delta":
            self.factory.caller.sendMessage(b64decode(event["delta"]), isBinary=True)
        elif kind == "conversation.item.added":
            self.sendMessage(b'{"type":"response.create"}')
        elif kind in TOLD:
            self.factory.caller.sendMessage(TOLD[kind])


class Caller(WebSocketServerProtocol):
    """The client's leg."""

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        super().connectionMade()

    def onConnect(self, request: Any) -> None:
        self.model: Model | None = None
        self.early: list[bytes] = []
        factory = WebSocketClientFactory(sys.argv[2])
        factory.protocol, factory.caller = Model, self
        connectWS(factory)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if isBinary:
            self._ask(b'{"type":"input_audio_buffer.append","audio":"' + b64encode(payload) + b'"}')
            return
        message = json.loads(payload)
        match message["type"]:
            case "Settings":
                self._ask(b'{"type":"session.update","session":{}}')
            case "InjectUserMessage":
                content = [{"type": "input_text", "text": message["content"]}]
                item = {"type": "message", "role": "user", "content": content}
                self._ask(json.dumps({"type": "conversation.item.create", "item": item}).encode())

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:
        if self.model is not None:
            self.model.sendClose()

    def _ask(self, payload: bytes) -> None:
        if self.model is not None:
            self.model.sendMessage(payload)
        else:
            self.early.append(payload)


if __name__ == "__main__":
    factory = WebSocketServerFactory()
    factory.protocol = Caller
    reactor.listenTCP(int(sys.argv[1]), factory, interface="127.0.0.1", backlog=2000)
    reactor.run()
