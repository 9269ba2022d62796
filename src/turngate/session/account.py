"""
What a session did, in figures: for the log, the metrics, and whoever looks at it while it runs.

Responsible for counting, from the messages and effects of each step alone: turns and how long they took, what waited at
the gate, tool calls, tokens, bytes of audio. It is told the time, and reads no clock.

Must not know: what was said, and who wants to know the figures. A figure is a number, or a word of a closed list.

A *turn* begins when the user's turn has ended, or with an answer that the model begins by itself, and ends when no
response is active and no tool call open; the responses before and after a tool call are of one turn. What the user says
meanwhile begins the next one.
"""

from typing import Final, TypeAlias

from attrs import asdict, field, frozen

from turngate.evolving import evolve
from turngate.session import messages as m
from turngate.session.machines import Gate
from turngate.session.prices import PriceList
from turngate.session.state import State

Figure: TypeAlias = str | int | float | None

NO_WAITS: Final = frozenset({m.Deadline.LIMIT, m.Deadline.LIMIT_NEAR, m.Deadline.STEADY})
"""Deadlines that wait for nobody."""


@frozen
class Fact:
    """One thing to log: a stable name, and figures."""

    event: str
    figures: dict[str, Figure]
    is_detail: bool = False
    """Whether the line of a turn, or of the session, says as much."""


@frozen
class Turn:
    """One turn that is not over."""

    number: int
    began: str
    """``spoken``, ``written``, or ``agent`` where the model began by itself."""
    since_s: float
    gate_wait_s: float = 0.0
    responses: int = 0
    calls: int = 0
    status: str = "unanswered"
    latency: m.Latency = field(factory=m.Latency)
    usage: m.Usage = field(factory=m.Usage)

    def ended(self, now_s: float, cost: float | None) -> Fact:
        """The line about it."""
        figures: dict[str, Figure] = {
            "turn": self.number,
            "began": self.began,
            "status": self.status,
            "seconds": round(now_s - self.since_s, 3),
            "gate_wait_s": round(self.gate_wait_s, 3),
            "responses": self.responses or None,
            "calls": self.calls or None,
            **{name: None if value is None else round(value, 3) for name, value in asdict(self.latency).items()},
            **tokens(self.usage),
            "cost": cost,
        }
        return Fact("turn.ended", figures)


@frozen
class Answer:
    """One response that has not ended."""

    since_s: float
    """When it was asked for; where nobody asked, when it began."""
    sound_s: float | None = None
    """How long after that its first sound came."""
    turn: int | None = None

    def ended(self, now_s: float) -> dict[str, Figure]:
        """How long it took."""
        sound_s = None if self.sound_s is None else round(self.sound_s, 3)
        return {"turn": self.turn, "seconds": round(now_s - self.since_s, 3), "first_sound_s": sound_s}


def tokens(usage: m.Usage) -> dict[str, Figure]:
    """The figures of a usage that are not nothing."""
    return {f"{name}_tokens": value or None for name, value in asdict(usage).items()}


class Account:
    """The figures of one session. It has one writer, and may be read by anybody at any time."""

    def __init__(self, prices: PriceList | None = None) -> None:
        self._prices = prices or PriceList()
        self._model: str | None = None
        """What the client asked for, if it did."""
        self.phase = ""
        self.gate = Gate.OPEN
        self.waits: set[m.Deadline] = set()
        self.turns = 0
        self.calls = 0
        self.audio_in_bytes = 0
        """Session audio that the client sent."""
        self.audio_out_bytes = 0
        """Session audio that the client was sent, or is to be."""
        self.dropped_bytes = 0
        """Session audio of the upstream that nobody was to hear any more."""
        self.unheard_ms = 0
        """What was on its way to the client when the user cut it off."""
        self.usage = m.Usage()
        self._turn: Turn | None = None
        self._next: Turn | None = None
        self._open_calls: dict[str, tuple[float, int | None]] = {}
        """When each was asked for, and in which turn."""
        self._held_since_s: float | None = None
        self._held_s = 0.0
        self._asked_s: float | None = None
        """When the response was asked for that is outstanding."""
        self._active: dict[str, Answer] = {}
        self._silent: set[str] = set()
        """Those of them that made no sound yet."""
        self._is_responding = False

    @property
    def waits_for(self) -> list[str]:
        """What it waits for, by the names that the waits have in the configuration."""
        return sorted(deadline.name.lower() for deadline in self.waits - NO_WAITS)

    @property
    def is_held(self) -> bool:
        """Whether something waits at the gate that would go out but for it."""
        return self._held_since_s is not None

    def cost(self, usage: m.Usage) -> float | None:
        """What a usage of this session costs, where there are prices."""
        return self._prices.cost(usage, self._model)

    def awaits(self, response_id: str) -> bool:
        """Whether the end of a response is still to be counted; ends may be told twice."""
        return response_id in self._active

    def totals(self) -> dict[str, Figure]:
        """The figures of the whole session; what is nothing is ``None``."""
        return {
            "turns": self.turns or None,
            "calls": self.calls or None,
            "audio_in_bytes": self.audio_in_bytes or None,
            "audio_out_bytes": self.audio_out_bytes or None,
            "dropped_bytes": self.dropped_bytes or None,
            "unheard_ms": self.unheard_ms or None,
            **tokens(self.usage),
            "cost": self._priced(self.usage),
        }

    def spoke(self, latency: m.Latency) -> None:
        """The agent's speech has begun; the first of a turn is the one that the user waited for."""
        if self._turn is not None and self._turn.latency == m.Latency():
            self._turn = evolve(self._turn, latency=latency)

    def see(
        self, message: m.Message | None, state: State, effects: tuple[m.Effect, ...], now_s: float
    ) -> tuple[Fact, ...]:
        """Take note of one step, with the state after it; gives what is to be logged."""
        if self._is_mere_audio(message, effects):
            return ()
        facts: list[Fact] = []
        # what is not outstanding after this step was answered by it
        asked_s = self._asked_s if state.sent_create is None else None
        if state.sent_create is None:
            self._asked_s = None
        if message is not None:
            facts += self._hear(message, effects, asked_s, now_s)
        self._count_held(now_s)
        for effect in effects:
            facts += self._watch(message, effect, now_s)
        waits = bool(state.due or state.updates) and state.gate is not Gate.OPEN
        self._held_since_s = now_s if waits else None
        self.phase, self.gate = state.phase.name.lower(), state.gate
        was, self._is_responding = self._is_responding, bool(state.responses)
        if self._turn is not None and self._is_over(was, state, effects):
            facts.append(self._turn.ended(now_s, self._priced(self._turn.usage)))
            self._turn, self._next = self._next, None
        # what goes out as a turn ends is of the next one
        facts += (self._sent(effect, now_s) for effect in effects if isinstance(effect, m.SendUpdate | m.StartResponse))
        return tuple(facts)

    def _is_mere_audio(self, message: m.Message | None, effects: tuple[m.Effect, ...]) -> bool:
        """Whether a step only passed audio on, as nearly every step does; then it is counted, at little cost."""
        match effects:
            case (m.AppendAudio(),) if isinstance(message, m.UserAudio):
                self.audio_in_bytes += len(message.pcm)
                return True
            case (m.AgentAudio(pcm), m.Arm(deadline)) if deadline in self.waits and not self._silent:
                self.audio_out_bytes += len(pcm)
                return True
            case _:
                return False

    def _is_over(self, was_responding: bool, state: State, effects: tuple[m.Effect, ...]) -> bool:
        if any(isinstance(effect, m.EndSession) for effect in effects):
            return True
        if state.responses or state.calls:
            return False
        given_up = any(isinstance(effect, m.ToolCallsCancelled) for effect in effects)
        return was_responding or (given_up and not state.due and state.sent_create is None)

    # --- what happened ------------------------------------------------------------------------------------------------

    def _hear(
        self, message: m.Message, effects: tuple[m.Effect, ...], asked_s: float | None, now_s: float
    ) -> list[Fact]:
        match message:
            case m.UserAudio(pcm):
                self.audio_in_bytes += len(pcm)
            case m.AgentAudioChunk(response_id, pcm=pcm):
                if not any(isinstance(effect, m.AgentAudio) for effect in effects):
                    self.dropped_bytes += len(pcm)
                elif response_id in self._silent:
                    self._silent.discard(response_id)
                    answer = self._active[response_id]
                    self._active[response_id] = evolve(answer, sound_s=now_s - answer.since_s)
            case m.SpeechCut(heard):
                self.unheard_ms += sum(max(0, part.told_ms - part.heard_ms) for part in heard)
            case m.UserText():
                self._begin("written", now_s)
            case m.SpeechCommitted():
                self._begin("spoken", now_s)
            case m.DeadlinePassed(deadline):
                self.waits.discard(deadline)
                return [Fact("wait.over", {"wait": deadline.name.lower()}, is_detail=True)]
            case m.ResponseStarted(response_id, in_conversation=in_conversation):
                if in_conversation and self._turn is None:
                    self._begin("agent", now_s)
                turn = self._turn.number if self._turn is not None and in_conversation else None
                self._active[response_id] = Answer(now_s if asked_s is None else asked_s, turn=turn)
                self._silent.add(response_id)
            case m.ResponseEnded():
                return self._ended(message, now_s)
            case _:
                pass
        return []

    def _begin(self, began: str, now_s: float) -> None:
        if self._turn is None:
            self.turns += 1
            self._turn = Turn(self.turns, began, now_s)
        elif (self._is_responding or self._turn.responses) and self._next is None:
            self.turns += 1
            self._next = Turn(self.turns, began, now_s)

    def _ended(self, ended: m.ResponseEnded, now_s: float) -> list[Fact]:
        answer = self._active.pop(ended.response_id, None)
        if answer is None:
            return []
        self._silent.discard(ended.response_id)
        self.usage += ended.usage
        status = ended.status.value
        if self._turn is not None and ended.in_conversation:
            turn = self._turn
            self._turn = evolve(turn, responses=turn.responses + 1, status=status, usage=turn.usage + ended.usage)
        figures: dict[str, Figure] = {
            "status": status,
            **answer.ended(now_s),
            "model": self._model,
            **tokens(ended.usage),
            "cost": self._priced(ended.usage),
        }
        return [Fact("response.ended", figures, is_detail=True)]

    def _priced(self, usage: m.Usage) -> float | None:
        cost = self.cost(usage)
        return round(cost, 6) or None if cost is not None else None

    # --- what was done ------------------------------------------------------------------------------------------------

    def _watch(self, message: m.Message | None, effect: m.Effect, now_s: float) -> list[Fact]:
        match effect:
            case m.Arm(deadline):
                self.waits.add(deadline)
            case m.Disarm(deadline):
                self.waits.discard(deadline)
            case m.AgentAudio(pcm):
                self.audio_out_bytes += len(pcm)
            case m.ToolCallsRequested(calls):
                self.calls += len(calls)
                turn = self._turn.number if self._turn is not None else None
                self._open_calls |= {call.call_id: (now_s, turn) for call in calls}
                if self._turn is not None:
                    self._turn = evolve(self._turn, calls=self._turn.calls + len(calls))
            case m.AddToolOutput(call_id=call_id):
                return self._answered(call_id, outcome_of(message), now_s)
            case m.ToolCallsCancelled(calls):
                outcome = "timeout" if isinstance(message, m.DeadlinePassed) else "cancelled"
                return [fact for call in calls for fact in self._answered(call.call_id, outcome, now_s)]
            case m.DialUpstream(model):
                self._model = model
                self._forget_responses()
            case m.MoveOver():
                self._forget_responses()
            case _:
                pass
        return []

    def _answered(self, call_id: str, outcome: str, now_s: float) -> list[Fact]:
        if call_id not in self._open_calls:
            return []
        asked_s, turn = self._open_calls.pop(call_id)
        figures: dict[str, Figure] = {"outcome": outcome, "turn": turn, "seconds": round(now_s - asked_s, 3)}
        return [Fact("tool.answered", figures, is_detail=True)]

    def _forget_responses(self) -> None:
        """Whatever was under way is of an upstream session that is not ours any more."""
        self._active.clear()
        self._silent.clear()

    def _count_held(self, now_s: float) -> None:
        if self._held_since_s is not None:
            self._held_s += now_s - self._held_since_s
            self._held_since_s = None

    def _sent(self, effect: m.SendUpdate | m.StartResponse, now_s: float) -> Fact:
        waited_s, self._held_s = self._held_s, 0.0
        kind = "update" if isinstance(effect, m.SendUpdate) else "response"
        if isinstance(effect, m.StartResponse):
            self._asked_s = now_s
            if self._turn is not None:
                self._turn = evolve(self._turn, gate_wait_s=self._turn.gate_wait_s + waited_s)
        turn = self._turn.number if self._turn is not None else None
        return Fact("gate.passed", {"kind": kind, "turn": turn, "wait_s": round(waited_s, 3)}, is_detail=True)


def outcome_of(message: m.Message | None) -> str:
    """How a call came to its result."""
    match message:
        case m.DeadlinePassed():
            return "timeout"
        case m.FunctionDone(failure=failure) if failure:
            return "failed"
        case _:
            return "answered"
