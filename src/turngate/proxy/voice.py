"""
The agent's voice on its way to one client: converted, paced where that is wanted, and measured.

Responsible for the client's own audio format, for sending no faster than it is played where the operator says so, and
for knowing how much the client can have heard when it is cut off.

Must not know: why it is cut off, who speaks.

Comes from: the client actor. Goes to: the outbox. Times are seconds of the actor's clock.
"""

from collections import deque
from enum import Enum

from turngate.audio import ClientAudio, Outbound, Playback
from turngate.proxy.outbox import NOTHING, Audio, Keep, Outbox, Parcel
from turngate.proxy.ports import IConnection
from turngate.session.messages import Heard


class Reply(Enum):
    """What becomes of the reply that the agent is giving."""

    NONE = "there is none"
    SENT = "it is sent"
    MISSED = "there is nobody to send it to"


class Voice:
    """
    What one client hears.

    Args:
        connection: the client's.
        max_waiting_bytes: what may wait for it.
        lead_s: how far ahead of what is played audio is sent; ``None`` sends it as it comes.
        keep: how much text is kept for it when its connection is lost.
    """

    def __init__(
        self, connection: IConnection, max_waiting_bytes: int, lead_s: float | None = None, keep: Keep = NOTHING
    ) -> None:
        self.outbox = Outbox(connection, max_waiting_bytes, self._sent, keep)
        self._lead_s = lead_s
        self._paced: deque[Parcel] = deque()
        self._paced_bytes = 0
        self._max_waiting_bytes = max_waiting_bytes
        self._playback = Playback()
        self._outbound: Outbound | None = None
        self._bytes_per_ms = 1
        self._reply = Reply.NONE
        self._item_id = ""
        self._told: dict[str, None] = {}
        self._now_s = 0.0
        self._unsent_ms = 0.0

    @property
    def held_bytes(self) -> int:
        """All that waits for the client, or is kept in case it comes back."""
        return self.outbox.held_bytes + self._paced_bytes

    @property
    def is_full(self) -> bool:
        """Whether more waits than may."""
        return self.outbox.is_full or self.outbox.waiting_bytes + self._paced_bytes > self._max_waiting_bytes

    def use(self, audio: ClientAudio) -> None:
        """From here on this is the client's format."""
        self._outbound = Outbound(audio.output_format, audio.container, audio.speaks)
        self._bytes_per_ms = audio.speaks.bytes_per_ms

    def speak(self, pcm: bytes, item_id: str, now_s: float) -> None:
        """A piece of speech is to be heard after all that was before."""
        if self._outbound is None:
            return
        self._item_id = item_id
        self._told[item_id] = None
        if self.outbox.is_absent:
            self._reply = Reply.MISSED
            self._playback.skipped(item_id, len(pcm) / self._bytes_per_ms, now_s)
            return
        if self._reply is not Reply.SENT:
            # for a client that is back in the middle of one, this is where it begins
            self._reply = Reply.SENT
            self._outbound.begin_reply()
        payload = self._outbound.feed(pcm)
        self._unsent_ms += len(pcm) / self._bytes_per_ms
        if payload:
            # what the resampler holds back is counted with what comes next
            duration_ms, self._unsent_ms = self._unsent_ms, 0.0
            self._queue(Audio(payload, item_id, duration_ms), now_s)

    def finish(self, parcel: Parcel, now_s: float) -> None:
        """The reply is complete; the client is told so behind its last byte."""
        self._end_reply(now_s)
        self._queue(parcel, now_s)

    def say(self, parcel: Parcel, now_s: float) -> None:
        """Tell the client something, in its place within the speech."""
        self._queue(parcel, now_s)

    def wait_s(self, now_s: float) -> float | None:
        """How long until more may be sent of what is paced; ``None`` where nothing is."""
        if not self._paced or self._lead_s is None:
            return None
        return max(0.0, self._playback.remaining_s(now_s) - self._lead_s)

    def go_on(self, now_s: float) -> None:
        """Send as much of what is paced as may be sent now."""
        self._now_s = now_s
        while self._paced:
            first = self._paced[0]
            if isinstance(first, Audio) and not self._may_send(now_s):
                return
            self._paced.popleft()
            self._paced_bytes -= len(first.payload)
            self.outbox.send(first)

    def unplayed_s(self, now_s: float) -> float | None:
        """How long until the client has heard all that it was sent; ``None`` while audio waits to be sent."""
        if self._paced or self.outbox.has_audio:
            return None
        return self._playback.remaining_s(now_s)

    def played(self) -> tuple[str, ...]:
        """The items that have been heard to their end, once; none while there is more to come."""
        if self._reply is not Reply.NONE:
            return ()
        items = tuple(self._told)
        self._told.clear()
        return items

    def send_next(self, now_s: float) -> None:
        """Send one of the messages that wait for the connection."""
        self._now_s = now_s
        self.outbox.send_next()

    def cut(self, now_s: float, *, flushes: bool) -> tuple[Heard, ...]:
        """
        Send no more of the speech so far, and tell how much of each item was heard since the last were played.

        Args:
            now_s: the time.
            flushes: whether the client drops what it was sent and has not played; else it will hear that.
        """
        dropped: dict[str, float] = {}
        for parcel in (*self.outbox.drop_audio(), *(one for one in self._paced if isinstance(one, Audio))):
            dropped[parcel.item_id] = dropped.get(parcel.item_id, 0.0) + parcel.duration_ms
        self._empty()
        self._reply = Reply.NONE
        heard = tuple(self._heard(item_id, dropped.get(item_id, 0.0), now_s, flushes=flushes) for item_id in self._told)
        if flushes:
            self._playback.stop(now_s)
        self._told.clear()
        return tuple(part for part in heard if part.told_ms)

    def lost(self, now_s: float) -> None:
        """
        There is no connection any more, and nobody to hear what was said and what will be.

        All of it counts as heard, for its words are told: those that wait, and those that come.
        """
        self._playback.skip(now_s)
        for parcel in (*self.outbox.lost(), *(one for one in self._paced if isinstance(one, Audio))):
            self._playback.skipped(parcel.item_id, parcel.duration_ms, now_s)
        if self._unsent_ms:
            self._playback.skipped(self._item_id, self._unsent_ms, now_s)
        self._empty()
        if self._reply is Reply.SENT:
            self._reply = Reply.MISSED

    def _empty(self) -> None:
        texts = [parcel for parcel in self._paced if not isinstance(parcel, Audio)]
        self._paced.clear()
        self._paced_bytes = 0
        for text in texts:
            self.outbox.send(text)
        if self._outbound is not None:
            self._outbound.reset()
        self._unsent_ms = 0.0

    def _heard(self, item_id: str, dropped_ms: float, now_s: float, *, flushes: bool) -> Heard:
        played = self._playback.heard(item_id, now_s)
        if played is None:
            # none of it was sent, or it was heard to its end, before others followed, and its length forgotten
            return Heard(item_id, 0, int(dropped_ms))
        heard_ms = played.heard_ms if flushes else played.sent_ms
        return Heard(item_id, int(heard_ms), int(played.sent_ms + dropped_ms))

    def _end_reply(self, now_s: float) -> None:
        if self._reply is Reply.SENT and self._outbound is not None:
            rest = self._outbound.flush()
            if rest:
                self._queue(Audio(rest, self._item_id, self._unsent_ms), now_s)
            self._unsent_ms = 0.0
        self._reply = Reply.NONE

    def _queue(self, parcel: Parcel, now_s: float) -> None:
        self._now_s = now_s
        if self._paced or (self._lead_s is not None and isinstance(parcel, Audio) and not self._may_send(now_s)):
            self._paced.append(parcel)
            self._paced_bytes += len(parcel.payload)
        else:
            self.outbox.send(parcel)

    def _may_send(self, now_s: float) -> bool:
        return self._lead_s is None or self._playback.remaining_s(now_s) <= self._lead_s

    def _sent(self, audio: Audio) -> None:
        self._playback.sent(audio.item_id, audio.duration_ms, self._now_s)
