"""
Drives the real rules by hand, one message at a time, with the judge looking on at every step.

A :class:`Talk` is one session. What a message led to is a :class:`Step`, which sorts its effects by whom they are for.
"""

from typing import Final, TypeVar, get_args

from attrs import frozen

from turngate.session import messages as m
from turngate.session.capabilities import OPENAI, Capabilities
from turngate.session.invariants import Judge
from turngate.session.memory import Memory
from turngate.session.policy import DEEPGRAM, Bounds, Policy
from turngate.session.rules import begin, settle, step
from turngate.session.state import Draft, State

CLIENT: Final = get_args(m.ClientEffect)
RECORDS: Final = (m.LineRecorded, m.CallsRecorded)
UPSTREAM: Final = get_args(m.UpstreamEffect)
CONFIG: Final = m.SessionConfig("be kind")
ACTIVE: Final = "conversation_already_has_active_response"
COMPLETED: Final = m.ResponseStatus.COMPLETED
CANCELLED: Final = m.ResponseStatus.CANCELLED
PCM: Final = b"\1\0"

K = TypeVar("K")


def prompt(text: str) -> m.UpdateSession:
    """The client adds to the instructions."""
    return m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions(text))


def passed(deadline: m.Deadline) -> m.DeadlinePassed:
    """A wait has come to its end."""
    return m.DeadlinePassed(deadline)


def call(number: int = 1, name: str = "look_up") -> m.ToolCall:
    """A tool call of the model."""
    return m.ToolCall(f"call_{number}", name, "{}")


def is_settled(state: State) -> bool:
    """Whether nothing follows from a state alone, so that a message that changes nothing leads to nothing more."""
    draft = Draft(state)
    settle(draft)
    return draft.state == state and not draft.effects


@frozen
class Step:
    """What followed from one message, or from several."""

    effects: tuple[m.Effect, ...]

    @property
    def client(self) -> list[m.Effect]:
        """What the client is told, but for the record."""
        return [effect for effect in self.effects if isinstance(effect, CLIENT) and not isinstance(effect, RECORDS)]

    @property
    def records(self) -> list[str]:
        """The agent's and the user's lines as they stand for good."""
        return [effect.text for effect in self.effects if isinstance(effect, m.LineRecorded) and effect.text]

    @property
    def upstream(self) -> list[m.Effect]:
        """What goes upstream."""
        return [effect for effect in self.effects if isinstance(effect, UPSTREAM)]

    @property
    def causes(self) -> list[m.Cause]:
        """What the client is warned of, or told as an error."""
        told = (e for e in self.effects if isinstance(e, m.Warned | m.Failed | m.UpdateNotApplied))
        return [effect.problem.cause for effect in told]

    @property
    def ending(self) -> m.Ending | None:
        """How the session ended, if it did."""
        return next((effect.ending for effect in self.effects if isinstance(effect, m.EndSession)), None)

    def all(self, kind: type[K]) -> list[K]:
        """The effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def one(self, kind: type[K]) -> K:
        """The only effect of a kind."""
        (effect,) = self.all(kind)
        return effect


class Talk:
    """One session under test."""

    def __init__(
        self, policy: Policy = DEEPGRAM, bounds: Bounds | None = None, capabilities: Capabilities = OPENAI
    ) -> None:
        first = State("s1", policy=policy, bounds=bounds or Bounds(), capabilities=capabilities)
        self.state, effects = begin(first)
        self.judge = Judge(capabilities).see(None, effects)
        self.memory = Memory(capabilities.input_rate_hz)
        self.effects = list(effects)
        """All that has followed from anything so far."""

    def tell(self, *messages: m.Message) -> Step:
        """The rules take these messages, one after the other."""
        led_to: list[m.Effect] = []
        for message in messages:
            self.memory.hear(message)
            self.state, effects = step(self.state, message)
            assert is_settled(self.state)
            self.judge = self.judge.see(message, effects)
            led_to += effects
            for effect in effects:
                self.memory.watch(effect)
            self.effects += effects
            for effect in effects:
                if isinstance(effect, m.Recall):
                    led_to += self.tell(self.memory.recall(effect)).effects
        return Step(tuple(led_to))

    def last(self, kind: type[K]) -> K:
        """The latest effect of a kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)][-1]

    def configure(self, settings: m.ConfigureSession | None = None) -> Step:
        """The client sends settings, and the upstream is ready: the first update is outstanding."""
        return self.tell(settings or m.ConfigureSession(CONFIG), m.UpstreamReady())

    def serve(self, settings: m.ConfigureSession | None = None) -> "Talk":
        """The session has come so far that it serves."""
        self.configure(settings)
        self.tell(m.UpdateConfirmed())
        return self

    def lose(self, cause: m.Cause = m.Cause.UPSTREAM_CLOSED) -> Step:
        """The upstream's connection ends."""
        return self.tell(m.UpstreamLost(m.Problem(cause, "The upstream closed the connection.")))

    def restore(self) -> Step:
        """Another upstream session is ready, and confirms the settings of the one before."""
        return self.tell(m.UpstreamReady(), m.UpdateConfirmed())

    def renew(self) -> Step:
        """The same, and it confirms the conversation too."""
        restored = self.restore()
        return Step(restored.effects + self.confirm_items().effects)

    def confirm_items(self) -> Step:
        """The upstream confirms all items that were sent to it."""
        items = [e.item_id for e in self.effects if isinstance(e, m.AddLine | m.AddCall | m.AddToolOutput)]
        return self.tell(*(m.ItemConfirmed(item_id) for item_id in items))

    def refuse(
        self, kind: type[m.SendUpdate | m.StartResponse | m.AddLine | m.CommitAudio], code: str = "invalid_value"
    ) -> Step:
        """The upstream refuses the latest request of a kind."""
        return self.tell(m.Refused(self.last(kind).event_id, code, active_response=code == ACTIVE))

    def start(self, response_id: str = "r1") -> Step:
        """The upstream starts the response that was asked for last."""
        return self.tell(m.ResponseStarted(response_id, self.last(m.StartResponse).event_id))

    def end(
        self, response_id: str = "r1", status: m.ResponseStatus = COMPLETED, calls: tuple[m.ToolCall, ...] = ()
    ) -> Step:
        """A response ends."""
        return self.tell(m.ResponseEnded(response_id, status, calls=calls, items=(f"item_{response_id}",)))

    def audio(self, response_id: str = "r1", pcm: bytes = PCM) -> Step:
        """A piece of the agent's speech comes."""
        return self.tell(m.AgentAudioChunk(response_id, f"item_{response_id}", pcm))

    def respond(self, text: str = "hi") -> "Talk":
        """The user wrote, and the response to it is active."""
        self.tell(m.UserText(text))
        self.confirm_items()
        self.start()
        return self

    def call_tools(self, *calls: m.ToolCall) -> Step:
        """The user wrote, and the response to it has ended with these calls."""
        self.respond("what is it")
        return self.end(calls=calls)

    def settle(self) -> None:
        """Where nothing more can happen, nothing was left undone."""
        self.judge.check_quiet()


def conversation(step: Step) -> list[tuple[m.Role, str]]:
    """The lines that were put into the conversation."""
    return [(line.role, line.text) for line in step.all(m.AddLine)]


def talked(talk: Talk) -> Talk:
    """One written turn was answered and heard."""
    talk.respond("hi")
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "hello"))
    talk.end()
    talk.tell(m.SpeechPlayed(("item_r1",)))
    return talk
