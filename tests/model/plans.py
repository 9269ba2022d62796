"""The plans that the exhaustive model walks through: each spends its budgets on one kind of trouble."""

from typing import Final

from worlds import Budget, Plan

from turngate.evolving import evolve
from turngate.session import messages as m
from turngate.session.capabilities import Capabilities, SecondCreate
from turngate.session.policy import COMPONENT, DEEPGRAM, Absence, Again, LateVoice, Length, Renewal

TEXT, TEXT2 = m.UserText("t1"), m.UserText("t2")
PROMPT, PROMPT2 = (m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions(p)) for p in ("p1", "p2"))
THINK = m.UpdateSession(m.UpdateKind.THINK, m.ReplaceThinking("think"))
FUNCTION = m.ToolSpec("f", endpoint=m.Endpoint("https://example.org/"))
OURS = m.UpdateSession(m.UpdateKind.THINK, m.ReplaceThinking("ours", (FUNCTION,)))
SPEAK = m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("alloy", 1.1))
SPEAK2 = m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("ash", 0.9))
SAY, CUT_IN = m.AgentLine("s1"), m.AgentLine("s2", m.Manner.AT_ONCE)
LATER, DYNAMIC = m.AgentLine("s3", m.Manner.QUEUED), m.AgentLine(None, m.Manner.QUEUED)
LISTEN = m.UpdateSession(m.UpdateKind.LISTEN, m.ChangeHearing("de"))
SETTINGS = m.ConfigureSession(m.SessionConfig("base"), greeting="hello", context=(m.ContextLine(m.Role.USER, "c1"),))
PLAIN = m.ConfigureSession(m.SessionConfig("base"))
OTHER = m.ConfigureSession(m.SessionConfig("other"))
CROWD = (
    TEXT,
    *(m.UserText(f"t{i}") for i in range(2, 6)),
    PROMPT,
    *(m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions(f"p{i}")) for i in range(2, 6)),
)
RESULT = m.ToolResult("c10", "f", "1")
UNSUPPORTED = m.UnsupportedRequest(m.Problem(m.Cause.UNSUPPORTED, "leave it out"))
EARLY = (PROMPT, m.UserAudio(b"\0\0"), RESULT, UNSUPPORTED, SAY, m.EndTurn(), m.KeepAlive(), TEXT)

BY_UPSTREAM = m.SessionConfig("base", starter=m.Starter.UPSTREAM)
BY_PAUSE = m.SessionConfig("base", turn_end=m.ByPause())
ACKNOWLEDGING = evolve(COMPONENT, repeated_settings=Again.ACKNOWLEDGED)
NO_ACKS = Capabilities(acks_update=False)
NO_TAGS = Capabilities(echoes_metadata=False)
NO_ENDS = Capabilities(sends_response_done=False)
NO_CUTS = Capabilities(truncates=False)
STARTS_ITSELF = Capabilities(lets_us_start=False, echoes_metadata=False)
SUPERSEDING = Capabilities(second_create=SecondCreate.SUPERSEDES)
LIMITED = evolve(DEEPGRAM, length=Length.LIMITED)
LASTING = evolve(DEEPGRAM, absence=Absence.LASTS)
QUIET, LOUD = m.UserAudio(bytes(48_000)), m.UserAudio(b"\0\x40" * 24_000)
TAIL = m.UserAudio(bytes(100))

PLANS: Final = (
    Plan("turns and updates", (TEXT, PROMPT, TEXT2, PROMPT2), Budget(fail=2, late=0)),
    Plan("responses of the upstream's own", (TEXT, PROMPT), Budget(vad_response=2, out_of_band=1, late=1)),
    Plan("errors without a name", (TEXT, PROMPT), Budget(vad_response=1, unnamed=2, late=1)),
    Plan("responses out of sight", (TEXT, PROMPT), Budget(unseen=2, late=1)),
    Plan("responses in and out of sight", (TEXT,), Budget(unseen=2, vad_response=1, late=0)),
    Plan("responses that end out of sight", (TEXT,), Budget(vad_response=2, unseen=1, late=0)),
    Plan("updates and responses that end out of sight", (PROMPT,), Budget(vad_response=2, unseen=1, late=0)),
    Plan("speech", (TEXT, PROMPT), Budget(speech=2, late=1)),
    Plan("speech that is being played", (TEXT,), Budget(speech=2, unplayed=1, words=1, late=0)),
    Plan("speech that is heard as it is told", (TEXT,), Budget(speech=1, unplayed=2, words=1, late=0)),
    Plan("lines", (SAY, LATER), Budget(speech=1, late=0)),
    Plan("lines of its own", (DYNAMIC, m.EndTurn(), TEXT), Budget(speech=1, refuse=1, late=0)),
    Plan("lines that cut in", (TEXT, CUT_IN), Budget(speech=1, unplayed=1, late=0)),
    Plan("lines that cut in on the upstream's own", (CUT_IN, TEXT), Budget(vad_response=2, late=0)),
    Plan("words", (TEXT,), Budget(speech=1, words=2, late=0)),
    Plan("refusals", (TEXT, PROMPT, PROMPT2), Budget(refuse=2, vad_response=1, late=1)),
    Plan("updates of every kind", (PROMPT, THINK, SPEAK, LISTEN, SPEAK2), Budget(refuse=2, vad_response=1, late=0)),
    Plan("lost answers", (TEXT, PROMPT), Budget(lose=2, strip=1, late=4)),
    Plan("duplicates", (TEXT, PROMPT), Budget(duplicate=1, vad_response=1, late=0)),
    Plan("disorder", (TEXT, PROMPT), Budget(swap=1, vad_response=1, late=0)),
    Plan("what nobody asked for", (TEXT, PROMPT), Budget(unasked=1, duplicate=1, late=0)),
    Plan("turns that wait for too long", (TEXT, TEXT2), Budget(turn=1, call=1, late=0)),
    Plan("speech that waits for too long", (TEXT,), Budget(turn=1, speech=1, late=0)),
    Plan("the upstream's own that waits too long", (), Budget(turn=1, speech=1, late=1), config=BY_UPSTREAM),
    Plan("lost and waited for too long", (TEXT,), Budget(turn=1, close=1, late=0)),
    Plan("tools", (TEXT, RESULT, RESULT, m.ToolResult(None, "f", "2"), TEXT2), Budget(call=1, speech=1, late=1)),
    Plan("functions that we call", (OURS, TEXT, RESULT), Budget(call=1, late=1)),
    Plan("more calls than may be open", (TEXT, TEXT2, RESULT), Budget(call=2, late=1)),
    Plan("more waits than may wait", CROWD, Budget(late=0)),
    Plan("flow", (m.UserAudio(b"\0\0"), TEXT), Budget(flow=2, late=0)),
    Plan("legs that end", (TEXT, PROMPT), Budget(leave=1, vad_response=1, late=0)),
    Plan("drained", (TEXT, PROMPT), Budget(drain=1, speech=1, unplayed=1, late=0)),
    Plan("drained with calls", (TEXT, RESULT), Budget(drain=1, call=1, close=1, late=0)),
    Plan("drained at the opening", (PLAIN,), Budget(drain=1, late=0), serving=False),
    Plan("used up", (TEXT, PROMPT), Budget(cap=2, speech=1, late=0)),
    Plan("used up with calls", (TEXT, RESULT), Budget(cap=1, call=1, close=1, late=0)),
    Plan("used up at the opening", (SETTINGS, TEXT), Budget(cap=1, vad_response=1, late=0), serving=False),
    Plan("lost when crossed", (TEXT, PROMPT), Budget(close=1, vad_response=1, late=0)),
    Plan("lost when congested", (TEXT,), Budget(close=1, flow=1, late=0)),
    Plan("lost", (TEXT, PROMPT, TEXT2), Budget(close=1, fail=1, late=0)),
    Plan("lost and refused", (TEXT, SAY), Budget(close=1, refuse=1, lose=1, late=1)),
    Plan("lost when the user speaks", (TEXT,), Budget(close=1, speech=1, unwritten=1, late=0)),
    Plan("lost when the user spoke", (TEXT,), Budget(close=1, speech=1, words=2, late=0)),
    Plan("lost when the agent is heard", (TEXT,), Budget(close=1, speech=1, words=1, unplayed=1, late=0)),
    Plan("lost when a line is heard", (SAY, CUT_IN), Budget(close=1, words=1, unplayed=1, late=0)),
    Plan("lost with calls", (TEXT, RESULT, m.ToolResult(None, "f", "2"), TEXT2), Budget(close=1, call=1, late=1)),
    Plan("lost with functions", (OURS, TEXT), Budget(close=1, call=1, late=0)),
    Plan("lost with lines", (SAY, CUT_IN, LATER), Budget(close=1, late=0)),
    Plan("lost out of sight", (TEXT,), Budget(close=1, unseen=1, late=0)),
    Plan("lost twice", (TEXT,), Budget(close=2, late=1)),
    Plan("lost and not to be had", (TEXT,), Budget(close=3, late=0), losses=2),
    Plan("lost at all sorts of things", EARLY, Budget(close=1, late=0)),
    Plan("lost for good", (TEXT,), Budget(close=1, late=0), evolve(DEEPGRAM, renewal=Renewal.OFF)),
    Plan("a limit", (TEXT, PROMPT), Budget(limit=1, close=1, late=1), LIMITED),
    Plan("a limit and speech", (SAY,), Budget(limit=1, speech=1, unplayed=1, late=1), LIMITED),
    Plan("a limit that ends", (TEXT,), Budget(limit=1, late=1), evolve(LIMITED, renewal=Renewal.OFF)),
    Plan(
        "a late voice",
        (SPEAK, SPEAK2),
        Budget(refuse=1, close=1, late=1),
        evolve(DEEPGRAM, late_voice=LateVoice.RENEWS),
    ),
    Plan("opening", (SETTINGS, TEXT, PROMPT), Budget(refuse=1, vad_response=1, late=0), serving=False),
    Plan("opening and lost", (SETTINGS, TEXT), Budget(refuse=1, close=1, late=0), serving=False),
    Plan("opening and lost with responses", (SETTINGS,), Budget(vad_response=1, close=1, late=0), serving=False),
    Plan("clients that come back", (TEXT, PROMPT), Budget(absent=2, vad_response=1, late=1), LASTING),
    Plan("clients that come back to speech", (TEXT,), Budget(absent=1, speech=1, words=1, unplayed=1, late=1), LASTING),
    Plan("clients that come back to calls", (TEXT, RESULT), Budget(absent=1, call=1, late=1), LASTING),
    Plan(
        "clients that come back, or not, to flow", (m.UserAudio(b"\0\0"),), Budget(absent=2, flow=1, leave=1), LASTING
    ),
    Plan("clients that come back to another upstream session", (TEXT,), Budget(absent=1, close=1, late=0), LASTING),
    Plan("clients that come back to an opening", (SETTINGS, TEXT), Budget(absent=2, late=1), LASTING, serving=False),
    Plan("lines too early", (SETTINGS, LATER, SAY, TEXT), Budget(speech=1, late=0), serving=False),
    Plan("opening and calls", (SETTINGS,), Budget(vad_response=1, call=1, words=1, late=1), serving=False),
    Plan("opening and ends", (SETTINGS,), Budget(lose=1, close=1, leave=1, late=1), serving=False),
    Plan("all sorts of things too early", (PLAIN, *EARLY), Budget(flow=1, late=0), serving=False),
    Plan("before settings", (TEXT, SETTINGS), Budget(late=1), serving=False),
    Plan("a line before settings", (SAY,), Budget(late=0), serving=False),
    Plan("an end of turn before settings", (m.EndTurn(),), Budget(late=0), serving=False),
    Plan("settings twice", (PLAIN, PLAIN, TEXT), Budget(refuse=1, late=0), serving=False),
    Plan(
        "component opening",
        (TEXT, PLAIN, OTHER, PROMPT),
        Budget(refuse=1, vad_response=1, late=0),
        COMPONENT,
        serving=False,
    ),
    Plan(
        "component opening and ends", (TEXT, PLAIN), Budget(close=1, leave=1, lose=1, late=1), COMPONENT, serving=False
    ),
    Plan(
        "component and all sorts of things too early",
        (*EARLY, PLAIN),
        Budget(unasked=1, unnamed=1, late=0),
        COMPONENT,
        serving=False,
    ),
    Plan(
        "component sends too much too early",
        (m.UserAudio(bytes(90)), m.UserAudio(bytes(20)), PLAIN, TEXT),
        Budget(flow=1, late=0),
        COMPONENT,
        serving=False,
    ),
    Plan(
        "component without settings",
        (TEXT, PLAIN),
        Budget(unasked=1, refuse=1, vad_response=1, words=1, late=0),
        COMPONENT,
        serving=False,
    ),
    Plan("component speech", (TEXT,), Budget(speech=1, vad_response=1, late=1), COMPONENT, config=BY_UPSTREAM),
    Plan("component lost", (TEXT,), Budget(close=1, speech=1, unwritten=1, late=0), COMPONENT, config=BY_UPSTREAM),
    Plan("component lost with words", (TEXT, TEXT2), Budget(close=1, words=2, late=0), COMPONENT),
    Plan("component lost with commits", (LOUD,), Budget(close=1, lose=1, late=1), COMPONENT, config=BY_PAUSE),
    Plan("component lost before settings", (TEXT, PLAIN), Budget(close=2, unasked=1, late=0), COMPONENT, serving=False),
    Plan("component turns", (), Budget(speech=2, vad_response=1, late=1), COMPONENT, config=BY_UPSTREAM),
    Plan("component words", (TEXT,), Budget(speech=1, vad_response=1, words=2, late=0), COMPONENT, config=BY_UPSTREAM),
    Plan("component responses that end with text", (TEXT, TEXT2, OTHER), Budget(last=2, words=1, late=0), COMPONENT),
    Plan("component items", (TEXT, TEXT2, PROMPT), Budget(refuse=1, lose=1, late=1), COMPONENT),
    Plan("component tools", (TEXT, RESULT, RESULT, m.ToolResult(None, "f", "2")), Budget(call=1, unnamed=1), COMPONENT),
    Plan("component commits", (QUIET, TAIL, LOUD, TAIL, TEXT), Budget(late=3), COMPONENT, config=BY_PAUSE),
    Plan(
        "component commits and ends",
        (LOUD, QUIET, OTHER, QUIET),
        Budget(late=2, leave=1, refuse=1),
        COMPONENT,
        config=BY_PAUSE,
    ),
    Plan("component settings only acknowledged", (TEXT, OTHER, PLAIN), Budget(vad_response=1, late=0), ACKNOWLEDGING),
    Plan(
        "component settings again",
        (PLAIN, TEXT, PROMPT, OTHER),
        Budget(refuse=1, vad_response=1, late=1),
        COMPONENT,
    ),
    Plan("no confirmations", (TEXT, PROMPT, THINK), Budget(refuse=1, vad_response=1, late=1), capabilities=NO_ACKS),
    Plan("no confirmations, opening", (SETTINGS, TEXT), Budget(refuse=1, late=0), serving=False, capabilities=NO_ACKS),
    Plan("no tags", (TEXT, PROMPT, TEXT2), Budget(speech=1, refuse=1, late=0), capabilities=NO_TAGS),
    Plan("no tags, and responses of its own", (TEXT, PROMPT), Budget(vad_response=2, late=0), capabilities=NO_TAGS),
    Plan("no ends", (TEXT, PROMPT), Budget(speech=1, unplayed=1, words=1, late=0), capabilities=NO_ENDS),
    Plan("no ends, and tools", (TEXT, RESULT, RESULT, PROMPT), Budget(call=1, late=0), capabilities=NO_ENDS),
    Plan("no cuts", (TEXT, TEXT2), Budget(speech=1, unplayed=1, words=1, late=0), capabilities=NO_CUTS),
    Plan(
        "turns that are answered unasked", (TEXT,), Budget(speech=1, vad_response=1, late=1), capabilities=STARTS_ITSELF
    ),
    Plan("responses that supersede", (TEXT, PROMPT), Budget(vad_response=2, late=0), capabilities=SUPERSEDING),
)

DEEP: Final = (
    Plan("deep: ends out of sight", (TEXT, PROMPT), Budget(vad_response=2, unseen=1, late=0)),
    Plan("deep: component speech", (TEXT,), Budget(speech=1, vad_response=2, late=1), COMPONENT, config=BY_UPSTREAM),
    Plan(
        "deep: component settings",
        (PLAIN, TEXT, PROMPT, OTHER, PROMPT2),
        Budget(refuse=1, vad_response=1, late=1),
        COMPONENT,
    ),
    Plan("deep: out of sight", (TEXT, PROMPT), Budget(vad_response=1, unseen=2, refuse=1, late=1)),
    Plan("deep: the upstream's own", (TEXT, PROMPT), Budget(vad_response=2, unnamed=1, out_of_band=1, late=1)),
    Plan("deep: disorder", (TEXT, PROMPT), Budget(duplicate=1, swap=1, unasked=1, vad_response=1, late=0)),
)
"""Too long for every run; walked through by night."""
