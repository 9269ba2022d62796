"""
The two ends of a measurement: a load of clients, and an upstream that does no more than answer.

Both are asyncio protocols over ``turngate.net.frames``, so that they cost little beside what is measured. The upstream
keeps no rules, so it is for speed only: it answers updates, items and responses at once, and says at every 50th piece
of audio that speech has begun, so that a round trip of speech can be timed. To a session with written turns it never
says so: a proxy with rules holds those back while somebody speaks.
"""

import asyncio
import json
from base64 import b64encode
from hashlib import sha1
from time import perf_counter
from typing import Any

from conversation import MASK, RATE_HZ, SETTINGS, UPGRADE, pcm

from turngate.net import frames

FRAME = frames.build(pcm(RATE_HZ // 50 * 2), is_binary=True, mask=MASK)
"""20 ms of speech."""
TURN = frames.build(b'{"type":"InjectUserMessage","content":"hi"}', is_binary=False, mask=MASK)
OPENING = frames.build(json.dumps(SETTINGS).encode(), is_binary=False, mask=MASK)
PIECES = 10
"""Of which an answer consists."""
PIECE = b64encode(pcm(4800)).decode()
"""100 ms of it."""
SPEECH_EVERY = 50
"""In pieces of audio."""
END_OF_HEAD = b"\r\n\r\n"


class End(asyncio.Protocol):
    """A WebSocket that reads whole frames only."""

    is_masked = False

    def __init__(self) -> None:
        self.transport: Any = None
        self._buffer = b""
        self._is_open = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self._is_open:
            head, found, buffer = buffer.partition(END_OF_HEAD)
            if not found:
                self._buffer = head
                return
            self._is_open = True
            self.opened(head)
        at = 0
        while True:
            frame = frames.read(buffer, at, is_masked=self.is_masked, most=1 << 24)
            if frame is frames.Other.CUT:
                break
            if frame is frames.Other.UNUSUAL:
                # a ping or a pong, for nobody here
                end = at + 2 + (buffer[at + 1] & 0x7F) + (4 if self.is_masked else 0)
                if end > len(buffer):
                    break
                at = end
                continue
            at, is_binary, payload = frame
            self.heard(payload, is_binary=is_binary)
        self._buffer = buffer[at:]

    def opened(self, head: bytes) -> None:
        raise NotImplementedError

    def heard(self, payload: bytes, *, is_binary: bool) -> None:
        raise NotImplementedError


class Upstream(End):
    """One session of the model's."""

    is_masked = True

    def opened(self, head: bytes) -> None:
        key = head.lower().partition(b"sec-websocket-key:")[0]
        key = head[len(key) :].partition(b":")[2].partition(b"\r\n")[0].strip()
        accept = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + END_OF_HEAD
        )
        self._appends = self._items = self._responses = 0
        self._say("session.created", session=SESSION)

    def heard(self, payload: bytes, *, is_binary: bool) -> None:
        if b"input_audio_buffer.append" in payload[:80]:
            self._listen()
            return
        event = json.loads(payload)
        match event["type"]:
            case "session.update":
                self._say("session.updated", session=SESSION)
            case "conversation.item.create":
                self._items += 1
                item = {"id": f"item_u{self._items}", "object": "realtime.item", "status": "completed", **event["item"]}
                self._say("conversation.item.added", previous_item_id=None, item=item)
                self._say("conversation.item.done", previous_item_id=None, item=item)
            case "response.create":
                self._answer((event.get("response") or {}).get("metadata"))

    def _listen(self) -> None:
        self._appends += 1
        if self._appends % SPEECH_EVERY == 0 and not self._items:
            self._say("input_audio_buffer.speech_started", audio_start_ms=0, item_id=f"item_s{self._appends}")

    def _answer(self, metadata: Any) -> None:
        self._responses += 1
        response = {
            "id": f"resp_{self._responses}",
            "object": "realtime.response",
            "conversation_id": "conv",
            "metadata": metadata,
            "status": "in_progress",
            "output": [],
        }
        place = {"response_id": response["id"], "item_id": f"item_r{self._responses}"}
        place |= {"output_index": 0, "content_index": 0}
        self._say("response.created", response=response)
        self.transport.write(message("response.output_audio.delta", delta=PIECE, **place) * PIECES)
        self._say("response.output_audio.done", **place)
        self._say("response.output_audio_transcript.done", transcript="done", **place)
        self._say("response.done", response={**response, "status": "completed"})

    def _say(self, kind: str, **fields: Any) -> None:
        self.transport.write(message(kind, **fields))


SESSION = {"type": "realtime", "id": "sess", "object": "realtime.session"}


def message(kind: str, **fields: Any) -> bytes:
    """An event of the upstream as a frame."""
    payload = json.dumps({"type": kind, "event_id": "event", **fields}, separators=(",", ":")).encode()
    return frames.build(payload, is_binary=False)


class Client(End):
    """One client; what it waits for is set by whoever drives it."""

    def __init__(self, rounds: "Rounds", path: str) -> None:
        super().__init__()
        self._rounds = rounds
        self._path = path
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answered: asyncio.Future[None] | None = None
        self.pieces = self.wanted = self.began = self.sent = 0
        self.sent_at: list[float] = []
        self.asks = False
        """Whether it writes its turns."""
        self.asked_at = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.write(UPGRADE.replace(b"/v1/agent/converse", self._path.encode()))

    def opened(self, head: bytes) -> None:
        if b" 101 " not in head:
            self.ready.set_exception(ConnectionError(head.decode().partition("\r\n")[0]))
            return
        self.transport.write(OPENING)

    def connection_lost(self, reason: Exception | None) -> None:
        for waiting in (self.ready, self.answered):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionError("the session was closed"))

    def heard(self, payload: bytes, *, is_binary: bool) -> None:
        if is_binary:
            self.pieces += 1
            if self.asked_at:
                self._rounds.first.append(perf_counter() - self.asked_at)
                self.asked_at = 0.0
            if self.pieces == self.wanted and self.answered is not None:
                self.answered.set_result(None)
        elif b'"UserStartedSpeaking"' in payload:
            self.began += 1
            if self.sent_at:
                self._rounds.ack.append(perf_counter() - self.sent_at.pop(0))
        elif b'"SettingsApplied"' in payload and not self.ready.done():
            self.ready.set_result(None)
        elif b'"type":"Error"' in payload[:120]:
            self._rounds.errors.append(payload[:300].decode())

    def speak(self) -> None:
        """20 ms of speech."""
        self.sent += 1
        if self.sent % SPEECH_EVERY == 0 and not self.asks:
            self.sent_at.append(perf_counter())
        self.transport.write(FRAME)

    def ask(self) -> None:
        """A written turn."""
        self.asked_at = perf_counter()
        self.transport.write(TURN)


class Rounds:
    """Round trips in seconds: from a frame to the word that it caused, and from a turn to its first sound."""

    def __init__(self) -> None:
        self.ack: list[float] = []
        self.first: list[float] = []
        self.errors: list[str] = []


async def serve(port: int) -> None:
    """Be an upstream, until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=2000)
    await server.serve_forever()
