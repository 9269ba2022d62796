"""The judge: it says no to each kind of breach, and its promises are those of the docs."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from turngate.session import invariants, requested, witness
from turngate.session import messages as m
from turngate.session.invariants import Judge, PromiseBrokenError

ROOT = Path(__file__).parents[2]
CONFIG = m.SessionConfig("be kind")
UPDATE = m.SendUpdate("e1", CONFIG, None)
CREATE = m.StartResponse("e2", "hello")
CALLS = (m.ToolCall("c1", "f", "{}"),)
ENDED = m.ResponseEnded("r1", m.ResponseStatus.COMPLETED)
AUDIO = m.AgentAudioChunk("r1", "i1", b"\0\0")
HEARD = m.Arm(m.Deadline.RESPONSE_SILENCE)
QUIET = m.Disarm(m.Deadline.RESPONSE_SILENCE)
PROMPT = m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions("p"))
END = m.EndSession(m.Ending.CLIENT_LEFT)
SILENT = m.Problem(m.Cause.UPSTREAM_SILENT, "")

SEGMENT = m.AgentAudioSegmentEnded("r1")
FED, FEED = m.UserAudio(bytes(48_000)), m.AppendAudio(bytes(48_000))
COMMIT = m.CommitAudio("e9")

Step = tuple[m.Message | None, Iterable[m.Effect]]

OPENED: list[Step] = [(None, [m.SessionOpened("s")])]
SERVING: list[Step] = [
    *OPENED,
    (m.ConfigureSession(CONFIG), []),
    (m.UpstreamReady(), [UPDATE, m.Arm(m.Deadline.UPDATE_ANSWER)]),
    (m.UpdateConfirmed(), [m.Disarm(m.Deadline.UPDATE_ANSWER), m.SessionConfigured()]),
]
BY_PAUSE = m.SessionConfig("be kind", turn_end=m.ByPause())
MANUAL: list[Step] = [
    *OPENED,
    (m.ConfigureSession(BY_PAUSE), []),
    (m.UpstreamReady(), [m.SendUpdate("e1", BY_PAUSE, None), m.Arm(m.Deadline.UPDATE_ANSWER)]),
    (m.UpdateConfirmed(), [m.Disarm(m.Deadline.UPDATE_ANSWER), m.SessionConfigured()]),
]
RESPONDING: list[Step] = [*SERVING, (m.ResponseStarted("r1"), [HEARD])]
SPEAKING: list[Step] = [*RESPONDING, (AUDIO, [m.AgentSpeaking(), m.AgentAudio(b"\0\0")])]
CALLED: list[Step] = [*RESPONDING, (ENDED, [QUIET, m.ToolCallsRequested(CALLS), m.Arm(m.Deadline.TOOL_RESULTS)])]

STARTED: Step = (m.ResponseStarted("r1", "e2"), [m.Disarm(m.Deadline.CREATE_ANSWER), HEARD])
SPOKEN: list[Step] = [
    (m.SpeechStarted("v"), []),
    (m.SpeechCommitted("v"), []),
    (m.SpeechStarted("w"), []),
    (ENDED, [QUIET]),
]
CONFIRMED: Step = (m.UpdateConfirmed(), [m.Disarm(m.Deadline.UPDATE_ANSWER)])
PROMPTED = m.SendUpdate("e3", m.SessionConfig("be kind p"), CONFIG)
UPDATING = m.Arm(m.Deadline.UPDATE_ANSWER)
WAIT = m.Arm(m.Deadline.CREATE_ANSWER)

LOST = m.UpstreamLost(m.Problem(m.Cause.UPSTREAM_CLOSED, ""))
REDIAL, DIALLING = m.DialUpstream(), m.Arm(m.Deadline.UPSTREAM_READY)
RENEWED = m.Note("upstream.renewed")
SEED = m.AddLine("e4", "i4", m.Role.USER, "before")
DIALLED: list[Step] = [OPENED[0], (m.ConfigureSession(CONFIG), [REDIAL]), *SERVING[2:]]

BREACHES: list[tuple[str, str, list[Step]]] = [
    ("G1", "update while responding", [*RESPONDING, (PROMPT, [UPDATE])]),
    ("G1", "create while responding", [*RESPONDING, (m.UserText("hi"), [CREATE])]),
    ("G1", "update while a create is outstanding", [*SERVING, (m.UserText("hi"), [CREATE, UPDATE])]),
    ("G1", "create while an update is outstanding", [*SERVING, (PROMPT, [UPDATE, CREATE])]),
    ("G5", "cancelled twice", [*RESPONDING, (AUDIO, [m.CancelResponse("e", "r1"), m.CancelResponse("e", "r1")])]),
    ("I4", "an answer to nothing", [*SERVING, (ENDED, [m.StartResponse("e2")])]),
    ("C1", "no other upstream", [*DIALLED, (LOST, [])]),
    ("R1", "other settings", [*DIALLED, (LOST, [REDIAL, DIALLING]), (m.UpstreamReady(), [PROMPTED, UPDATING])]),
    ("R1", "a create too early", [*DIALLED, (LOST, [REDIAL, DIALLING]), (m.UserText("hi"), [CREATE, WAIT])]),
    ("R1", "sound too early", [*DIALLED, (LOST, [REDIAL, DIALLING]), (FED, [FEED])]),
    ("R1", "served without settings", [*DIALLED, (LOST, [REDIAL, UPDATE, UPDATING, RENEWED])]),
    ("R1", "served without the conversation", [*DIALLED, (LOST, [REDIAL, SEED, RENEWED])]),
    ("W1", "restored in no time", [*DIALLED, (LOST, [REDIAL])]),
    ("A1", "acknowledged unconfirmed", [*OPENED, (m.ConfigureSession(CONFIG), [m.SessionConfigured()])]),
    ("A1", "acknowledged twice", [*SERVING, (m.UpdateConfirmed(), [m.SessionConfigured()])]),
    (
        "A1",
        "acknowledged before the context",
        [*SERVING[:-1], (m.UpdateConfirmed(), [m.AddLine("e", "i", m.Role.USER, "c"), m.SessionConfigured()])],
    ),
    ("A1", "service too early", [*OPENED, (m.ResponseStarted("r1"), [m.AgentThinking()])]),
    ("A2", "acknowledged unsent", [*SERVING, (PROMPT, [m.UpdateApplied(m.UpdateKind.PROMPT)])]),
    ("A2", "acknowledged unasked", [*SERVING, (m.UpdateConfirmed(), [m.UpdateApplied(m.UpdateKind.PROMPT)])]),
    (
        "A2",
        "settings acknowledged that are not in force",
        [*SERVING, (m.ConfigureSession(m.SessionConfig("x")), [m.UpdateApplied(m.UpdateKind.SETTINGS)])],
    ),
    ("A3", "no welcome", [(None, [m.DialUpstream()])]),
    ("A3", "two welcomes", [*OPENED, (m.UpstreamReady(), [m.SessionOpened("s")])]),
    (
        "A3",
        "a word after the end",
        [*OPENED, (m.ClientGone(), [m.EndSession(m.Ending.CLIENT_LEFT), m.AgentThinking()])],
    ),
    (
        "A3",
        "a step after the end",
        [*OPENED, (m.ClientGone(), [m.EndSession(m.Ending.CLIENT_LEFT)]), (m.Shutdown(), [m.Note("x")])],
    ),
    ("I1", "written twice", [*SERVING, (m.UserText("hi"), [m.AddLine(i, i, m.Role.USER, "hi") for i in "ab"])]),
    ("I1", "never written", [*SERVING, (m.AgentTextStarted("r1"), [m.AddLine("a", "a", m.Role.USER, "hi")])]),
    ("F1", "announced twice", [*CALLED, (ENDED, [m.ToolCallsRequested(CALLS)])]),
    ("F1", "announced early", [*RESPONDING, (AUDIO, [m.ToolCallsRequested(CALLS)])]),
    ("F1", "answered twice", [*CALLED, (m.ToolResult("c1", "f", ""), [m.AddToolOutput(i, i, "c1", "") for i in "ab"])]),
    ("F2", "create while the user speaks", [*SERVING, (m.SpeechStarted("u"), [CREATE])]),
    ("D1", "audio of nothing", [*SERVING, (AUDIO, [m.AgentAudio(b"\0\0")])]),
    (
        "D1",
        "audio of no item told as that of another",
        [*RESPONDING, (m.AgentAudioChunk("r1", "", b"\0\0"), [m.AgentAudio(b"\0\0", "i1")])],
    ),
    ("D1", "audio made up", [*RESPONDING, (m.AgentTextStarted("r1"), [m.AgentAudio(b"\0\0")])]),
    (
        "D2",
        "audio after barge-in",
        [*SPEAKING, (m.SpeechStarted("u"), [m.UserSpeaking()]), (AUDIO, [m.AgentAudio(b"\0\0")])],
    ),
    ("D3", "the end of unheard speech", [*RESPONDING, (ENDED, [QUIET, m.AgentFinishedSpeaking()])]),
    ("D3", "the end twice", [*SPEAKING, (ENDED, [QUIET, m.AgentFinishedSpeaking(), m.AgentFinishedSpeaking()])]),
    ("D3", "the end too soon", [*SPEAKING, (AUDIO, [m.AgentFinishedSpeaking()])]),
    ("A1", "audio too early", [*OPENED, (m.UserAudio(b"\0\0"), [m.AppendAudio(b"\0\0")])]),
    ("A2", "settings not applied for nothing", [*SERVING, (m.ConfigureSession(CONFIG), [m.SettingsAcknowledged()])]),
    ("D3", "the end of what was not put out", [*RESPONDING, (SEGMENT, [m.AgentFinishedSpeaking()])]),
    ("D3", "a greeting that nobody read", [*SERVING, (m.UpdateConfirmed(), [m.AgentFinishedSpeaking()])]),
    ("M1", "a commit where the upstream finds turns", [*SERVING, (FED, [FEED, COMMIT])]),
    ("M1", "a commit of too little", [*MANUAL, (m.UserAudio(b"\0\0"), [m.AppendAudio(b"\0\0"), COMMIT])]),
    ("M1", "a second commit of nothing", [*MANUAL, (FED, [FEED, COMMIT, COMMIT])]),
    ("M1", "a commit while responding", [*MANUAL, (m.ResponseStarted("r1"), [HEARD, FEED, COMMIT])]),
    ("M1", "a commit while a create is outstanding", [*MANUAL, (FED, [FEED, CREATE, COMMIT])]),
    ("W1", "a create without a deadline", [*SERVING, (m.ResponseEnded("r9", ENDED.status), [CREATE])]),
    ("W1", "a response without a deadline", [*SERVING, (m.ResponseStarted("r1"), [])]),
    ("W1", "a deadline without a response", [*RESPONDING, (ENDED, [])]),
    ("W1", "calls without a deadline", [*RESPONDING, (ENDED, [QUIET, m.ToolCallsRequested(CALLS)])]),
    ("L3", "an update at an open gate", [*SERVING, (PROMPT, [])]),
    ("L3", "a turn at an open gate", [*SERVING, (m.SpeechCommitted("u"), [])]),
    ("C1", "a session without a client", [*SERVING, (m.ClientGone(), [])]),
    ("C3", "more than may be used", [*RESPONDING, (m.UsedUp(m.Cap.DAY_COST), []), (ENDED, [QUIET, CREATE, WAIT])]),
    ("C3", "no end of an answer", [*RESPONDING, (m.UsedUp(m.Cap.DAY_COST), []), (ENDED, [QUIET])]),
    ("C3", "no end at once", [*RESPONDING, (m.UsedUp(m.Cap.DAY_MINUTES), [])]),
    ("C1", "a session without an upstream", [*SERVING, (m.UpstreamLost(SILENT), [])]),
]


def judged(steps: list[Step]) -> Judge:
    """The judge after these steps."""
    judge = Judge()
    for message, effects in steps:
        judge = judge.see(message, effects)
    return judge


@pytest.mark.parametrize(("promise", "what", "steps"), BREACHES, ids=[f"{b[0]} {b[1]}" for b in BREACHES])
def test_judge_when_a_promise_is_broken_says_which(promise: str, what: str, steps: list[Step]) -> None:
    """The steps before are in order; the last one breaks the promise, and the judge names its number."""
    judge = judged(steps[:-1])
    with pytest.raises(PromiseBrokenError, match=f"^{promise}: "):
        judge.see(*steps[-1])


LEFT: list[tuple[str, str, list[Step]]] = [
    ("L1", "a response that never ends", RESPONDING),
    ("L1", "an update without an answer", SERVING[:-1]),
    ("I1", "a message that was never added", [*SERVING, (m.SpeechStarted("u"), []), (m.UserText("hi"), [])]),
    (
        "I2",
        "a turn that was never answered",
        [*SERVING, (m.SpeechCommitted("u"), [CREATE, WAIT, m.Arm(m.Deadline.TURN)]), STARTED, *SPOKEN],
    ),
    ("A2", "an update that was never answered", [*SERVING, (PROMPT, [PROMPTED, UPDATING]), CONFIRMED]),
]


@pytest.mark.parametrize(("promise", "what", "steps"), LEFT, ids=[f"{left[0]} {left[1]}" for left in LEFT])
def test_judge_when_all_is_quiet_and_something_was_left_undone_says_so(
    promise: str, what: str, steps: list[Step]
) -> None:
    """Where nothing more can happen, what is outstanding, active or owed is a breach."""
    judge = judged(steps)
    with pytest.raises(PromiseBrokenError, match=f"^{promise}: "):
        judge.check_quiet()


@pytest.mark.parametrize("steps", [OPENED, SERVING, [*SPEAKING, (ENDED, [QUIET, m.AgentFinishedSpeaking()])]])
def test_judge_when_all_is_well_says_nothing(steps: list[Step]) -> None:
    """A session in order passes, and may rest."""
    judged(steps).check_quiet()


# --- the page of the promises ---------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "design" / "promises.md").read_text(encoding="utf-8")


def test_promises_when_compared_with_the_judge_are_the_same() -> None:
    """Every number that a breach can name stands in the docs, and every number there can be broken."""
    code = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (invariants, witness, requested))
    named = set(re.findall(r'"([A-Z]\d)(?:"|:)', code))
    assert named == set(re.findall(r"^- \*\*([A-Z]\d)\*\* ", PAGE, re.MULTILINE))


def test_promises_when_they_name_tests_name_tests_that_exist() -> None:
    """Each promise names at least one test of this folder, and no test that is gone."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    lines = [line for line in PAGE.splitlines() if line.startswith("- **")]
    for line in lines:
        names = re.findall(r"`(test_\w+)`", line)
        assert names, line
        assert [] == [name for name in names if f"def {name}(" not in tests]
