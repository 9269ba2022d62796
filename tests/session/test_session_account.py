"""The figures of a session: what is counted, from messages and effects alone, with the time given by hand."""

from attrs import evolve
from session_driver import CONFIG, PCM, call, prompt

from turngate.session import messages as m
from turngate.session.account import Account, Fact
from turngate.session.policy import COMPONENT, DEEPGRAM, Policy
from turngate.session.rules import begin, step
from turngate.session.state import State

COMPLETED, CANCELLED = m.ResponseStatus.COMPLETED, m.ResponseStatus.CANCELLED
USAGE = m.Usage(text_in=10, cached_text_in=4, audio_out=7)


class Book:
    """A session with its account, over the real rules."""

    def __init__(self, policy: Policy = DEEPGRAM) -> None:
        self.account = Account()
        self.facts: list[Fact] = []
        self.effects: list[m.Effect] = []
        self.now_s = 0.0
        self.state, effects = begin(State("s1", policy=policy))
        self._note(None, effects)
        self.tell(m.ConfigureSession(CONFIG), m.UpstreamReady(), m.UpdateConfirmed())

    def _note(self, message: m.Message | None, effects: tuple[m.Effect, ...]) -> None:
        self.effects += effects
        self.facts += self.account.see(message, self.state, effects, self.now_s)
        if any(isinstance(effect, m.AgentSpeaking) for effect in effects):
            self.account.spoke(m.Latency(0.5))

    def tell(self, *messages: m.Message, after_s: float = 0.0) -> None:
        self.now_s += after_s
        for message in messages:
            self.state, effects = step(self.state, message)
            self._note(message, effects)
            for effect in effects:
                if isinstance(effect, m.AddLine | m.AddToolOutput):
                    self.tell(m.ItemConfirmed(effect.item_id))

    def start(self, response_id: str = "r1", after_s: float = 0.0) -> None:
        create = [effect for effect in self.effects if isinstance(effect, m.StartResponse)][-1]
        self.tell(m.ResponseStarted(response_id, create.event_id), after_s=after_s)

    def figures(self, event: str) -> list[dict[str, object]]:
        return [{k: v for k, v in f.figures.items() if v is not None} for f in self.facts if f.event == event]


def test_turn_when_it_is_answered_has_one_line_with_its_figures() -> None:
    """What it cost, how long it took, how it ended."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.start(after_s=0.25)
    book.tell(m.AgentAudioChunk("r1", "i1", PCM), after_s=0.25)
    book.tell(m.ResponseEnded("r1", COMPLETED, usage=USAGE), after_s=1.0)
    expected = {
        "turn": 1,
        "began": "written",
        "status": "completed",
        "seconds": 1.5,
        "gate_wait_s": 0.0,
        "responses": 1,
        "total_s": 0.5,
        "text_in_tokens": 10,
        "cached_text_in_tokens": 4,
        "audio_out_tokens": 7,
    }
    assert [expected] == book.figures("turn.ended")
    assert (1, len(PCM)) == (book.account.totals()["turns"], book.account.totals()["audio_out_bytes"])


def test_turn_when_tools_are_called_is_one_with_the_answer_after_them() -> None:
    """Both responses, and the call between them with how long it took."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.start()
    book.tell(m.ResponseEnded("r1", COMPLETED, calls=(call(),), usage=USAGE))
    assert [] == book.figures("turn.ended")
    assert book.account.waits_for == ["tool_results"]
    book.tell(m.ToolResult("call_1", "look_up", "42"), after_s=3.0)
    book.start("r2")
    book.tell(m.ResponseEnded("r2", COMPLETED, usage=USAGE))
    (turn,) = book.figures("turn.ended")
    assert (2, 1, 20) == (turn["responses"], turn["calls"], turn["text_in_tokens"])
    assert [{"outcome": "answered", "turn": 1, "seconds": 3.0}] == book.figures("tool.answered")


def test_tool_call_when_its_result_does_not_come_is_counted_as_a_timeout() -> None:
    """By the deadline that answers for it."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.start()
    book.tell(m.ResponseEnded("r1", COMPLETED, calls=(call(),)))
    book.tell(m.DeadlinePassed(m.Deadline.TOOL_RESULTS), after_s=60.0)
    assert [{"outcome": "timeout", "turn": 1, "seconds": 60.0}] == book.figures("tool.answered")


def test_gate_when_something_waits_is_timed_until_it_passes() -> None:
    """From when it could have gone but for the gate; what need not wait has waited for nothing."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.start()
    book.tell(prompt("more"), after_s=1.0)
    book.tell(m.ResponseEnded("r1", COMPLETED), after_s=2.0)
    waits = [(figures["kind"], figures["wait_s"]) for figures in book.figures("gate.passed")]
    assert [("update", 0.0), ("response", 0.0), ("update", 2.0)] == waits


def test_response_when_it_ends_tells_how_long_it_took_from_when_it_was_asked_for() -> None:
    """And when its first sound came, but not when those after that did."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.start(after_s=0.25)
    book.tell(m.AgentAudioChunk("r1", "i1", PCM), after_s=0.25)
    book.tell(m.AgentAudioChunk("r1", "i1", PCM), m.AgentAudioChunk("r1", "i1", PCM), after_s=0.5)
    book.tell(m.ResponseEnded("r1", COMPLETED), after_s=1.0)
    assert [{"status": "completed", "turn": 1, "seconds": 2.0, "first_sound_s": 0.5}] == book.figures("response.ended")
    assert 3 * len(PCM) == book.account.audio_out_bytes


def test_response_of_a_component_is_timed_until_its_sound_and_not_until_its_words() -> None:
    """It is told that the agent speaks before there is any sound."""
    book = Book(COMPONENT)
    book.tell(m.UserText("hi"))
    book.start()
    book.tell(m.AgentTextEnded("r1", "i1", "Hello."), after_s=0.25)
    book.tell(*[m.AgentAudioChunk("r1", "i1", PCM)] * 2, after_s=0.5)
    book.tell(m.ResponseEnded("r1", COMPLETED), after_s=1.0)
    assert [0.75] == [one["first_sound_s"] for one in book.figures("response.ended")]


def test_response_when_nobody_asked_for_it_is_timed_from_its_beginning() -> None:
    """Neither the one before nor one that is outstanding lends it a time."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.tell(m.ResponseStarted("r9"), after_s=5.0)
    book.tell(m.ResponseEnded("r9", COMPLETED), after_s=0.5)
    book.start(after_s=0.25)
    book.tell(m.ResponseEnded("r1", COMPLETED), after_s=1.0)
    book.tell(m.ResponseStarted("r8"), after_s=7.0)
    book.tell(m.ResponseEnded("r8", COMPLETED), after_s=0.5)
    assert [0.5, 6.75, 0.5] == [one["seconds"] for one in book.figures("response.ended")]


def test_gate_when_the_next_turn_waits_at_it_is_of_that_turn() -> None:
    """It passes as the one before ends."""
    book = Book()
    book.tell(m.UserText("one"))
    book.start()
    book.tell(m.UserText("two"), after_s=1.0)
    book.tell(m.ResponseEnded("r1", COMPLETED), after_s=2.0)
    book.start("r2")
    book.tell(m.ResponseEnded("r2", COMPLETED))
    passed = [(one["turn"], one["wait_s"]) for one in book.figures("gate.passed") if one["kind"] == "response"]
    assert [(1, 0.0), (2, 2.0)] == passed
    assert [(1, 0.0), (2, 2.0)] == [(line["turn"], line["gate_wait_s"]) for line in book.figures("turn.ended")]


def test_turn_when_another_waits_for_it_is_followed_by_that() -> None:
    """Each has a line of its own, and the second one counts from its own beginning."""
    book = Book()
    book.tell(m.UserText("one"))
    book.start()
    book.tell(m.UserText("two"), after_s=1.0)
    book.tell(m.ResponseEnded("r1", COMPLETED), after_s=1.0)
    book.start("r2")
    book.tell(m.ResponseEnded("r2", CANCELLED), after_s=1.0)
    lines = [(line["turn"], line["seconds"], line["status"]) for line in book.figures("turn.ended")]
    assert [(1, 2.0, "completed"), (2, 2.0, "cancelled")] == lines


def test_turn_when_the_session_ends_before_it_is_answered_is_told_as_unanswered() -> None:
    """No turn is missing from the log."""
    book = Book()
    book.tell(m.UserText("hi"), m.ClientGone())
    assert ["unanswered"] == [line["status"] for line in book.figures("turn.ended")]


def test_answer_when_the_model_began_it_by_itself_is_a_turn_of_the_agents() -> None:
    """A greeting, or what the upstream says unasked."""
    book = Book()
    book.tell(m.ResponseStarted("r9"), m.ResponseEnded("r9", COMPLETED))
    assert ["agent"] == [line["began"] for line in book.figures("turn.ended")]


def test_end_of_a_response_when_told_twice_costs_once() -> None:
    """Tokens are money."""
    book = Book()
    ended = m.ResponseEnded("r9", COMPLETED, usage=USAGE)
    book.tell(m.ResponseStarted("r9"), ended, ended)
    assert book.account.usage == USAGE
    assert 1 == len(book.figures("response.ended"))


def test_audio_when_nobody_is_to_hear_it_is_counted_as_dropped() -> None:
    """Of a response that has ended, or that the user spoke into; and what was cut off on its way."""
    book = Book()
    book.tell(m.UserAudio(PCM * 5), m.AgentAudioChunk("r8", "i8", PCM))
    book.tell(m.SpeechCut((m.Heard("i1", 100, 350),)))
    assert (10, 2, 250) == (book.account.audio_in_bytes, book.account.dropped_bytes, book.account.unheard_ms)


def test_standing_when_the_session_serves_names_its_phase_and_its_waits() -> None:
    """By the names of the configuration; a limit on the session is no wait."""
    book = Book()
    assert ("serving", []) == (book.account.phase, book.account.waits_for)
    book.tell(m.UserText("hi"))
    assert ["create_answer", "turn"] == book.account.waits_for


def test_audio_when_it_is_passed_on_is_counted_as_it_goes() -> None:
    """Every piece in either direction, the first one of an answer and those after it."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.start()
    for _ in range(3):
        book.tell(m.AgentAudioChunk("r1", "i1", PCM), m.UserAudio(PCM))
    assert (6, 6, 0) == (book.account.audio_in_bytes, book.account.audio_out_bytes, book.account.dropped_bytes)


def test_call_when_the_user_cuts_it_off_is_counted_as_cancelled() -> None:
    """By whatever takes it back; the turn is over with that."""
    book = Book()
    book.tell(m.UserText("hi"))
    book.start()
    book.tell(m.ResponseEnded("r1", COMPLETED, calls=(call(),)))
    cancelled = m.ToolCallsCancelled((call(),))
    facts = book.account.see(None, evolve(book.state, calls=()), (cancelled,), 2.0)
    assert [("tool.answered", "cancelled"), ("turn.ended", None)] == [
        (fact.event, fact.figures.get("outcome")) for fact in facts
    ]
