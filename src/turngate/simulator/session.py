"""
One session of the simulated API: client events in, server events out, and every rule between them.

Responsible for what the API accepts and what it refuses, and for what follows from either. It knows no socket: events
come as values, go out through :class:`~turngate.simulator.wire.Out`, and time is the injected clock's.

Must not know: connections, JSON, scripts of faults.

Comes from: ``simulator/unruly.py``, event by event. Goes to: ``simulator/stage.py`` (responses), ``simulator/items.py``
(the conversation), ``simulator/turns.py`` (audio).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve, field, frozen
from attrs.validators import ge, gt
from twisted.internet.interfaces import IReactorTime

from turngate.session.capabilities import SecondCreate
from turngate.simulator.config import Config, default_config
from turngate.simulator.ids import Ids
from turngate.simulator.items import Audio, Author, Conversation, Item, Message, Refusal, unknown_item
from turngate.simulator.orders import OF_ITS_OWN, Request, order_of
from turngate.simulator.responses import Ending, Response
from turngate.simulator.stage import CLIENT_CANCELLED, MAX_OUT_OF_BAND, TURN_DETECTED, Pace, Stage
from turngate.simulator.tally import Tally
from turngate.simulator.timers import Timers
from turngate.simulator.turns import Began, Ear, Spoken
from turngate.simulator.wire import Out

MAX_APPEND_BYTES: Final = 15 * 1024 * 1024
"""The most audio in one append (the API's own bound)."""

ACTIVE: Final = "conversation_already_has_active_response"
GOING_AWAY: Final = 1001


@frozen
class Manner:
    """How strict, how fast and how patient the simulated server is."""

    pace: Pace = field(factory=Pace)
    refuse_updates_while_active: bool = True
    """Refuse a ``session.update`` while a response is active: the refusal that the gate exists for."""
    transcription_s: float = field(default=0.05, validator=ge(0.0))
    """From the commit of speech to its transcript."""
    max_session_s: float = field(default=3600.0, validator=gt(0.0))
    second_create: SecondCreate = SecondCreate.REFUSED
    """What becomes of a ``response.create`` while a response is active."""
    heard: tuple[str, ...] = ()
    """What the user is heard to say in the first spoken turns of a session; later ones are only measured."""


class Session:
    """
    The server's side of one session.

    Call :meth:`open` once, then one method for each client event, and :meth:`stop` when the connection is gone. The
    methods named after client events give a :class:`Refusal` where the event is refused, after which nothing of it
    was done; the caller reports it with :meth:`refuse`.
    """

    def __init__(
        self,
        out: Out,
        clock: IReactorTime,
        ids: Ids,
        *,
        close: Callable[[int, str], None],
        tally: Tally,
        model: str,
        manner: Manner,
    ) -> None:
        self._out = out
        self._ids = ids
        self._close = close
        self._tally = tally
        self._manner = manner
        self._timers = Timers(clock)
        self._stage = Stage(clock, manner.pace, self._count_completed)
        self._conversation = Conversation()
        self._conversation_id = ids.next("conv")
        self._ear = Ear(ids)
        self._spoken_turns = 0
        self._voice_locked = False
        self._config = default_config(ids.next("sess"), model, int(clock.seconds() + manner.max_session_s))
        self._ear.listen(self._config.vad)

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    @property
    def items(self) -> tuple[Item, ...]:
        """The conversation as it stands, the oldest first."""
        self._settle()
        return tuple(self._conversation)

    def find(self, item_id: str) -> Item | None:
        """Give an item of the conversation as it stands."""
        self._settle()
        return self._conversation.find(item_id)

    def new_id(self, prefix: str) -> str:
        """Make an id for what the client gave none."""
        return self._ids.next(prefix)

    def open(self) -> None:
        """Greet the client; the first event of a session."""
        self._timers.after(self._manner.max_session_s, self._expire)
        self._out.session_created(self._config)

    def stop(self) -> None:
        """End everything that waits: the connection is gone."""
        self._timers.stop()
        self._stage.stop()

    def pause(self) -> None:
        """Stream nothing for now: the client does not read."""
        self._stage.pause()

    def resume(self) -> None:
        """Stream again."""
        self._stage.resume()

    def refuse(self, refusal: Refusal, event_id: str | None) -> None:
        """Send an ``error``; ``event_id`` is that of the client's event."""
        self._out.error(refusal, event_id)

    # --- client events ----------------------------------------------------------------------------------------------

    def update(self, patch: Mapping[str, Any]) -> Refusal | None:
        """``session.update``."""
        if self._manner.refuse_updates_while_active and self._stage.active is not None:
            self._tally.updates_refused_active += 1
            return self._already_active()
        config = self._config.updated(patch, voice_locked=self._voice_locked)
        if isinstance(config, Refusal):
            return config
        self._config = config
        self._ear.listen(config.vad)
        self._tally.updates_accepted += 1
        self._out.session_updated(config)
        return None

    def append(self, pcm: bytes) -> Refusal | None:
        """``input_audio_buffer.append``, as linear16 at 24 kHz."""
        if len(pcm) > MAX_APPEND_BYTES:
            message = f"Audio of {len(pcm)} bytes is over the maximum of {MAX_APPEND_BYTES} bytes."
            return Refusal("invalid_value", message, "audio")
        for heard in self._ear.append(pcm):
            match heard:
                case Began():
                    self._out.speech_started(heard.item_id, heard.audio_start_ms)
                    if self._config.yields_floor:
                        self._stage.cut(None, TURN_DETECTED)
                case Spoken():
                    self._out.speech_stopped(heard.item_id, heard.audio_end_ms)
                    self._commit(heard)
                    if self._config.answers_turns:
                        self.make_response()
        return None

    def commit(self) -> Refusal | None:
        """``input_audio_buffer.commit``."""
        spoken = self._ear.commit()
        if isinstance(spoken, Refusal):
            return spoken
        self._commit(spoken)
        return None

    def clear(self) -> None:
        """``input_audio_buffer.clear``."""
        self._ear.clear()
        self._out.cleared()

    def add(self, item: Item, previous_item_id: str | None) -> Refusal | None:
        """``conversation.item.create``."""
        refusal = self._conversation.why_not(item, previous_item_id)
        if refusal is not None:
            return refusal
        previous = self._conversation.add(item, previous_item_id)
        if isinstance(item, Message) and item.author is Author.USER:
            self._tally.turns += 1
        self._out.item_added(item, previous)
        self._out.item_done(item, previous)
        return None

    def retrieve(self, item_id: str) -> Refusal | None:
        """``conversation.item.retrieve``."""
        self._settle()
        item = self._conversation.find(item_id)
        if item is None:
            return unknown_item(item_id, "item_id")
        self._out.item_retrieved(item)
        return None

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> Refusal | None:
        """``conversation.item.truncate``."""
        self._settle()
        refusal = self._conversation.truncate(item_id, content_index, audio_end_ms)
        if refusal is not None:
            return refusal
        if self._stage.active is not None:
            self._stage.active.truncated(item_id)
        self._out.item_truncated(item_id, content_index, audio_end_ms)
        return None

    def delete(self, item_id: str) -> Refusal | None:
        """``conversation.item.delete``."""
        refusal = self._conversation.delete(item_id)
        if refusal is None:
            self._out.item_deleted(item_id)
        return refusal

    def create_response(self, request: Request) -> Refusal | None:
        """``response.create``."""
        supersedes = self._manner.second_create is SecondCreate.SUPERSEDES
        if request.in_conversation and self._stage.active is not None and supersedes:
            self._stage.cut(None, CLIENT_CANCELLED)
        if request.in_conversation and self._stage.active is not None:
            self._tally.creates_refused_active += 1
            return self._already_active()
        if not request.in_conversation and self._stage.full:
            return Refusal("rate_limit_exceeded", f"No more than {MAX_OUT_OF_BAND} responses out of band at once.")
        if self._voice_locked and request.voice not in {None, self._config.voice}:
            message = "Cannot update a conversation's voice if assistant audio is present."
            return Refusal("cannot_update_voice", message, "response.audio.output.voice")
        self._start(request)
        return None

    def cancel(self, response_id: str | None) -> Refusal | None:
        """``response.cancel``."""
        if self._stage.cut(response_id, CLIENT_CANCELLED):
            return None
        return Refusal("response_cancel_not_active", "Cancellation failed: no active response found.")

    # --- what the server does of its own accord ---------------------------------------------------------------------

    def make_response(self) -> None:
        """Make a response as turn detection does; where one is active, an error without an event id says so."""
        if self._stage.active is None:
            self._start(OF_ITS_OWN)
        else:
            self.refuse(self._already_active(), None)

    def end_response(self, ending: Ending) -> None:
        """End the active response, if there is one."""
        self._stage.cut(None, ending)

    def _start(self, request: Request) -> None:
        self._settle()
        order = order_of(self._config, request, tuple(self._conversation))
        conversation = self._conversation if request.in_conversation else None
        conversation_id = self._conversation_id if request.in_conversation else None
        self._tally.responses_started += 1
        self._stage.start(Response(order, self._out, self._ids, conversation, conversation_id, self._lock_voice))

    def _commit(self, spoken: Spoken) -> None:
        words = self._manner.heard[self._spoken_turns : self._spoken_turns + 1]
        self._spoken_turns += 1
        self._tally.turns += 1
        audio = Audio(spoken.duration_ms, words=words[0] if words else None)
        item = Message(spoken.item_id, Author.USER, (audio,))
        previous = self._conversation.add(item)
        self._out.committed(item.id, previous)
        self._out.item_added(item, previous)
        self._out.item_done(item, previous)
        if self._config.transcribes:
            self._timers.after(self._manner.transcription_s, self._transcribe, item, audio)

    def _transcribe(self, item: Message, audio: Audio) -> None:
        seconds = audio.duration_ms / 1000
        transcript = audio.words or f"({seconds:.1f} seconds of speech)"
        self._conversation.replace(evolve(item, parts=(evolve(audio, transcript=transcript),)))
        self._out.transcription_delta(item.id, transcript)
        self._out.transcription_completed(item.id, transcript, seconds)

    def _expire(self) -> None:
        minutes = self._manner.max_session_s / 60
        message = f"Your session hit the maximum duration of {minutes:g} minutes."
        self.refuse(Refusal("session_expired", message), None)
        self._close(GOING_AWAY, message)

    def _already_active(self) -> Refusal:
        active = self._stage.active
        name = active.id if active is not None else "unknown"
        message = f"Conversation already has an active response in progress: {name}. Wait until it is finished."
        return Refusal(ACTIVE, message)

    def _settle(self) -> None:
        if self._stage.active is not None:
            self._stage.active.settle()

    def _lock_voice(self) -> None:
        self._voice_locked = True

    def _count_completed(self) -> None:
        self._tally.responses_completed += 1
