"""A conversation as traces, from the socket to what an exporter is given."""

from typing import Any

import pytest
import pytest_twisted
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from proxy_rig import settings
from twisted.internet import reactor

from turngate.admin.delivery import Delivery
from turngate.admin.otel import Exporting
from turngate.admin.traces import Traces
from turngate.ops.logging import Log
from turngate.simulator import Manner, Pace

CANARY = "canary-4711"
SECONDS: Any = reactor


@pytest_twisted.ensureDeferred
@pytest.mark.row(38, 43)
async def test_conversation_is_a_trace_for_each_turn_and_nothing_that_was_said_is_in_them(rigs: Any) -> None:
    """A greeting and a turn with a tool, with a canary in every place that holds words."""
    traces = Traces(SECONDS.seconds, "simulator", "gpt-realtime")
    memory = InMemorySpanExporter()
    exporting = Exporting(reactor, Delivery(Log("error"), SECONDS.seconds), memory)
    traces.take = exporting.take
    exporting.start()
    rig = await rigs(manner=Manner(pace=Pace(speed=0.0), heard=(CANARY,)), key=CANARY, watch=traces.see)
    client = await rig.connect(f"/v1/agent/converse?token={CANARY}&traceId=call-7")
    await client.until("Welcome")
    functions = [{"name": "get_time", "description": f"Tells the time. {CANARY}"}]
    client.line.say(settings(think={"prompt": CANARY, "functions": functions}, greeting=f"Hello. {CANARY}"))
    await client.until("AgentAudioDone")
    client.say("InjectUserMessage", content=f"What time is it? {CANARY}")
    (call,) = (await client.until("FunctionCallRequest"))["functions"]
    client.say("FunctionCallResponse", id=call["id"], name=call["name"], content=CANARY)
    await client.until("AgentAudioDone")
    assert CANARY in str(client.heard)
    client.line.hang_up()
    await rig.gone()
    exporting.close()
    spans = memory.get_finished_spans()
    greeting, turn = (tree(spans, root) for root in spans if root.parent is None)
    chat = ("chat gpt-realtime", [("turngate.first_sound", [])])
    assert ("invoke_agent", [chat]) == greeting
    assert ("invoke_agent", [("chat gpt-realtime", []), ("execute_tool", []), chat]) == turn
    assert 2 == len({span.context.trace_id for span in spans})
    assert all(span.start_time <= span.end_time for span in spans)
    assert {"call-7"} == {span.attributes["turngate.client.trace"] for span in spans if span.parent is None}
    chats = [span for span in spans if span.name.startswith("chat")]
    assert all(span.attributes["gen_ai.usage.output_tokens"] > 0 for span in chats)
    assert CANARY not in "".join(span.to_json() for span in spans)


def tree(spans: tuple[ReadableSpan, ...], root: ReadableSpan) -> tuple[str, list[Any]]:
    """The names below a span, in the order in which they ended; nothing below begins before it, or ends after it."""
    below = [one for one in spans if one.parent is not None and one.parent.span_id == root.context.span_id]
    assert all(root.start_time <= one.start_time and one.end_time <= root.end_time for one in below)
    return root.name, [tree(spans, one) for one in below]
