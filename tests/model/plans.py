"""The plans that the exhaustive model walks through: each spends its budgets on one kind of trouble."""

from explorer import Budget, Plan
from turngate.session import messages as m
from turngate.session.state import COMPONENT

TEXT, TEXT2 = m.UserText("t1"), m.UserText("t2")
PROMPT, PROMPT2 = (m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions(p)) for p in ("p1", "p2"))
SETTINGS = m.ConfigureSession(m.SessionConfig("base"), greeting="hello", context=(m.ContextLine(m.Role.USER, "c1"),))
PLAIN = m.ConfigureSession(m.SessionConfig("base"))

PLANS = (
    Plan("turns and updates", (TEXT, PROMPT, TEXT2, PROMPT2), Budget(fail=1, late=0)),
    Plan("responses of the upstream's own", (TEXT, PROMPT), Budget(vad_response=2, unnamed=1, out_of_band=1, late=1)),
    Plan("speech", (TEXT, PROMPT), Budget(speech=2, late=1)),
    Plan("refusals", (TEXT, PROMPT, PROMPT2), Budget(refuse=2, vad_response=1, unnamed=1, late=1)),
    Plan("lost answers", (TEXT, PROMPT), Budget(lose=2, strip=1, late=4)),
    Plan("duplicates and disorder", (TEXT, PROMPT), Budget(duplicate=1, swap=1, unasked=1, vad_response=1, late=0)),
    Plan(
        "tools",
        (TEXT, m.ToolResult("c00", "f", "1"), m.ToolResult("c00", "f", "1"), m.ToolResult(None, "f", "2"), TEXT2),
        Budget(call=1, speech=1, late=1),
    ),
    Plan("legs that end", (TEXT, PROMPT), Budget(close=1, leave=1, vad_response=1, late=1)),
    Plan("opening", (SETTINGS, TEXT, PROMPT), Budget(refuse=1, vad_response=1, close=1, late=0), serving=False),
    Plan("before settings", (TEXT, SETTINGS), Budget(late=0), serving=False),
    Plan("settings twice", (PLAIN, PLAIN, TEXT), Budget(refuse=1, late=0), serving=False),
    Plan(
        "component opening",
        (TEXT, PLAIN, PLAIN, PROMPT),
        Budget(refuse=1, vad_response=1, unnamed=1, late=0),
        COMPONENT,
        serving=False,
    ),
    Plan("component settings again", (TEXT, PROMPT, PLAIN, PROMPT2), Budget(refuse=1, vad_response=1, late=1), COMPONENT),
)
