"""
The traces: what the log says of a turn, as a tree of spans.

Responsible for which event is which span, and for the names of spans and of their attributes, which are those of
OpenTelemetry's semantic conventions for generative AI where these have one (their repository is
open-telemetry/semantic-conventions-genai; the pages are docs/gen-ai/gen-ai-spans.md and gen-ai-agent-spans.md of
v0.1.0, in status "Development"), and ``turngate.*`` elsewhere.

Must not know: OpenTelemetry's code, where spans go, what time it is on the wall.

Comes from: ``ops/logging.py``, which shows every event. Goes to: whoever exports, in ``otel.py`` or in a test.

An attribute is a figure, a word of a closed list, the name of a session, or that of a model that the upstream has
taken. Nothing that was said can get in: what is not taken here by its name stays outside.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from attrs import define, field, frozen

from turngate.admin.metrics import BEGINNINGS, OUTCOMES, STATUSES, number, one_of
from turngate.proxy.log import Field

Attribute: TypeAlias = str | int | float | tuple[str, ...]
Attributes: TypeAlias = dict[str, Attribute]

MAX_STAGES: Final = 64
"""How many spans a turn has below its own; others are counted."""
MAX_NAME_CHARS: Final = 128

INPUT: Final = ("text_in_tokens", "audio_in_tokens", "image_in_tokens")
OUTPUT: Final = ("text_out_tokens", "audio_out_tokens")
CACHED: Final = tuple(f"cached_{name}" for name in INPUT)
MODALITIES: Final = {
    "text_in_tokens": "gen_ai.usage.text.input_tokens",
    "audio_in_tokens": "gen_ai.usage.audio.input_tokens",
    "image_in_tokens": "gen_ai.usage.image.input_tokens",
    "text_out_tokens": "gen_ai.usage.text.output_tokens",
    "audio_out_tokens": "gen_ai.usage.audio.output_tokens",
}
LATENCIES: Final = ("total_s", "text_s", "speech_s", "tool_s", "transcript_s")
FAILURES: Final = frozenset({"failed", "timeout"})
"""What makes a span an error; what a user or a client has broken off is none."""


@frozen
class Span:
    """Something that took a while. Times are seconds of the steady clock."""

    name: str
    start_s: float
    end_s: float
    attributes: Attributes = field(factory=dict)
    error: str | None = None
    """What went wrong, in a word of a closed list."""
    is_call: bool = False
    """Whether it is a call of somebody else, here the model."""
    below: tuple["Span", ...] = ()

    @property
    def count(self) -> int:
        """How many spans it is, with those below it."""
        return 1 + sum(span.count for span in self.below)


@frozen
class Trace:
    """One turn."""

    root: Span
    now_s: float
    """When this was known, by the same clock."""
    parent: str = ""
    """The client's own span, as a ``traceparent``."""


@frozen
class Stage:
    """A span below that of a turn."""

    turn: int
    span: Span


@define
class Session:
    """What is known of a session that is open."""

    name: str
    parent: str
    trace: str
    """The client's own name for it."""
    stages: list[Stage] = field(factory=list)
    model: str = ""
    omitted: int = 0


class Traces:
    """
    Puts the traces of all sessions together.

    Args:
        seconds: the steady clock.
        provider: who answers, by the name that the conventions have.
        model: the one that sessions have whose clients asked for none.
    """

    def __init__(self, seconds: Callable[[], float], provider: str, model: str) -> None:
        self.take: Callable[[Trace], None] = lambda _trace: None
        """Is given each turn when it has ended."""
        self._seconds = seconds
        self._model = model
        self._common: Attributes = {"gen_ai.provider.name": provider}
        self._sessions: dict[str, Session] = {}
        self._events: Mapping[str, Callable[[Session, Mapping[str, Field]], None]] = {
            "gate.passed": self._gate_passed,
            "response.ended": self._response_ended,
            "tool.answered": self._tool_answered,
            "turn.ended": self._turn_ended,
            "session.ended": self._session_ended,
        }

    def see(self, event: str, fields: Mapping[str, Field]) -> None:
        """One event of the log, with the fields that every line of its session has."""
        name = fields.get("session")
        if not isinstance(name, str):
            return
        if event == "session.started":
            self._sessions[name] = Session(name, word(fields.get("traceparent")), word(fields.get("trace")))
            return
        handle, session = self._events.get(event), self._sessions.get(name)
        if handle is not None and session is not None:
            handle(session, fields)

    # --- what events are ------------------------------------------------------------------------------------------

    def _gate_passed(self, session: Session, fields: Mapping[str, Field]) -> None:
        wait_s = number(fields.get("wait_s"))
        if fields.get("kind") == "response" and wait_s:
            now_s = self._seconds()
            self._add(session, fields, Span("turngate.gate", now_s - wait_s, now_s))

    def _response_ended(self, session: Session, fields: Mapping[str, Field]) -> None:
        now_s = self._seconds()
        start_s = now_s - number(fields.get("seconds"))
        session.model = word(fields.get("model")) or self._model
        status = one_of(STATUSES, fields.get("status"))
        attributes: Attributes = {
            "gen_ai.operation.name": "chat",
            **self._shared(session),
            "gen_ai.request.stream": True,
            "gen_ai.response.finish_reasons": (status,),
            **usage(fields),
        }
        sound: tuple[Span, ...] = ()
        sound_s = fields.get("first_sound_s")
        if isinstance(sound_s, int | float):
            # figures are rounded, each by itself
            sound = (Span("turngate.first_sound", start_s, min(start_s + sound_s, now_s)),)
        name = f"chat {session.model}"
        error = status if status in FAILURES else None
        self._add(session, fields, Span(name, start_s, now_s, attributes, error, is_call=True, below=sound))

    def _tool_answered(self, session: Session, fields: Mapping[str, Field]) -> None:
        now_s = self._seconds()
        outcome = one_of(OUTCOMES, fields.get("outcome"))
        attributes: Attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.type": "function",
            "turngate.tool.outcome": outcome,
        }
        error = outcome if outcome in FAILURES else None
        start_s = now_s - number(fields.get("seconds"))
        self._add(session, fields, Span("execute_tool", start_s, now_s, attributes, error))

    def _turn_ended(self, session: Session, fields: Mapping[str, Field]) -> None:
        turn, now_s = int(number(fields.get("turn"))), self._seconds()
        below = tuple(stage.span for stage in session.stages if stage.turn == turn)
        session.stages = [stage for stage in session.stages if stage.turn > turn]
        omitted, session.omitted = session.omitted, 0
        status = one_of(STATUSES, fields.get("status"))
        session.model = session.model or self._model
        attributes: Attributes = {
            "gen_ai.operation.name": "invoke_agent",
            **self._shared(session),
            **usage(fields),
            "turngate.turn.number": turn,
            "turngate.turn.began": one_of(BEGINNINGS, fields.get("began")),
            "turngate.turn.status": status,
            "turngate.turn.gate_wait_s": number(fields.get("gate_wait_s")),
            "turngate.turn.responses": int(number(fields.get("responses"))),
            "turngate.turn.calls": int(number(fields.get("calls"))),
            **{f"turngate.turn.{name}": number(fields[name]) for name in LATENCIES if fields.get(name) is not None},
        }
        if session.trace:
            attributes["turngate.client.trace"] = session.trace
        if omitted:
            attributes["turngate.turn.omitted_spans"] = omitted
        # an answer that the model began by itself was asked for before the turn began with it
        start_s = min((now_s - number(fields.get("seconds")), *(span.start_s for span in below)))
        error = status if status in FAILURES else None
        root = Span("invoke_agent", start_s, now_s, attributes, error, below=below)
        self.take(Trace(root, now_s, session.parent))

    def _session_ended(self, session: Session, fields: Mapping[str, Field]) -> None:
        del self._sessions[session.name]

    def _add(self, session: Session, fields: Mapping[str, Field], span: Span) -> None:
        turn = fields.get("turn")
        if not isinstance(turn, int):
            return
        if len(session.stages) < MAX_STAGES:
            session.stages.append(Stage(turn, span))
        else:
            session.omitted += 1

    def _shared(self, session: Session) -> Attributes:
        """What a turn and a response both have."""
        return {
            **self._common,
            "gen_ai.request.model": session.model,
            "gen_ai.conversation.id": session.name,
        }


def usage(fields: Mapping[str, Field]) -> Attributes:
    """The tokens that an event tells of; what went in is counted with what of it was cached. None is not known."""
    if not any(fields.get(name) for name in MODALITIES):
        return {}
    return {
        "gen_ai.usage.input_tokens": total(fields, INPUT),
        "gen_ai.usage.output_tokens": total(fields, OUTPUT),
        "gen_ai.usage.cache_read.input_tokens": total(fields, CACHED),
        **{MODALITIES[name]: total(fields, (name,)) for name in (*INPUT, *OUTPUT) if fields.get(name)},
    }


def total(fields: Mapping[str, Field], names: tuple[str, ...]) -> int:
    """Several figures together."""
    return int(sum(number(fields.get(name)) for name in names))


def word(value: Field) -> str:
    """A short word, which may be missing."""
    return value[:MAX_NAME_CHARS] if isinstance(value, str) else ""
