"""
The ledger of tool calls: announced together, answered once each, and then one response.

Responsible for which calls are open and what closes them: a result, a deadline, or a response that was cut off.

Must not know: who runs a tool, or what it does.
"""

from turngate.evolving import evolve
from turngate.session.due import owe, user_waits
from turngate.session.machines import Phase
from turngate.session.messages import (
    AddToolOutput,
    Arm,
    CallFunction,
    CallsRecorded,
    Cause,
    Deadline,
    DeadlinePassed,
    Disarm,
    Endpoint,
    FunctionAnswered,
    FunctionDone,
    Problem,
    ResponseEnded,
    ResponseStatus,
    ToolCall,
    ToolCallCompleted,
    ToolCallsCancelled,
    ToolCallsRequested,
    ToolResult,
    Warned,
)
from turngate.session.state import Draft, Due, DueKind, OpenCall, Patience, Response, State

CANCELLED_OUTPUT = '{"error":"cancelled: the answer that asked for this was cut off"}'
FAILED_OUTPUT = '{"error":"the function could not be called"}'
OVERDUE_OUTPUT = '{"error":"no result came in time"}'


def call_completed(draft: Draft, completed: ToolCallCompleted) -> None:
    """A call is complete; it is announced when its response ends."""
    response = draft.state.response(completed.response_id)
    if response is None or any(call.call_id == completed.call.call_id for call in response.calls):
        return
    draft.replace(evolve(response, calls=(*response.calls, completed.call)))


def response_ended(draft: Draft, response: Response, ended: ResponseEnded) -> None:
    """Announce the calls of a response that completed; close those of one that did not, so that none dangles."""
    calls: list[ToolCall] = []
    for call in (*response.calls, *ended.calls):
        if call.call_id not in draft.state.past and all(call.call_id != other.call_id for other in calls):
            calls.append(call)
    if not calls:
        return
    completed = ended.status is ResponseStatus.COMPLETED
    room = draft.state.bounds.open_calls - len(draft.state.calls)
    announced = calls[:room] if completed else []
    for call in calls:
        draft.remember(call.call_id)
        if call not in announced:
            close(draft, call, CANCELLED_OUTPUT)
    if completed and len(calls) > room:
        advice = "Too many function calls are open; not all of this answer's were made. Answer those that are open."
        draft.emit(Warned(Problem(Cause.TOO_MANY_WAITING, advice)))
    if not announced:
        return
    opened = tuple(OpenCall(call, response.response_id, endpoint_of(draft.state, call)) for call in announced)
    draft.state = evolve(draft.state, calls=(*draft.state.calls, *opened))
    ours = frozenset(one.call.call_id for one in opened if one.endpoint is not None)
    draft.emit(ToolCallsRequested(tuple(announced), ours), Arm(Deadline.TOOL_RESULTS))
    for one in opened:
        if one.endpoint is not None:
            draft.emit(CallFunction(one.call, one.endpoint))
    user_waits(draft)


def endpoint_of(state: State, call: ToolCall) -> Endpoint | None:
    """Where the proxy makes a call, if it does."""
    tools = state.confirmed.tools if state.confirmed else ()
    return next((tool.endpoint for tool in tools if tool.name == call.name), None)


def close(draft: Draft, call: ToolCall, output: str) -> None:
    """Give the model the output of one call."""
    item_id = draft.fresh_id()
    draft.emit(AddToolOutput(item_id, item_id, call.call_id, output))


def take_result(draft: Draft, result: ToolResult) -> None:
    """The client answers a call; when it was the last one of its response, the model goes on."""
    matching = [
        open_call
        for open_call in draft.state.calls
        if open_call.endpoint is None
        and (open_call.call.name if result.call_id is None else open_call.call.call_id)
        == (result.name if result.call_id is None else result.call_id)
    ]
    if len(matching) != 1:
        advice = "No open function call has this id; answer each call of a FunctionCallRequest once, with its id."
        draft.emit(Warned(Problem(Cause.UNKNOWN_TOOL_RESULT, advice)))
        return
    close_open(draft, matching[0], result.output)


def function_done(draft: Draft, done: FunctionDone) -> None:
    """A function that the proxy called has answered, or has not; the model is told either."""
    for open_call in draft.state.calls:
        if open_call.call.call_id == done.call_id and open_call.endpoint is not None:
            output = done.output
            if output is None:
                output = FAILED_OUTPUT
                detail = f"The function {open_call.call.name} could not be called ({done.failure}); the model knows."
                draft.emit(Warned(Problem(Cause.TOOL_FAILED, detail)))
            draft.emit(FunctionAnswered(open_call.call, output))
            close_open(draft, open_call, output)
            return


def close_open(draft: Draft, open_call: OpenCall, output: str) -> None:
    """Close an open call, and owe an answer if it was the last of its response."""
    close(draft, open_call.call, output)
    draft.emit(CallsRecorded(((open_call.call, output),), ours=open_call.endpoint is not None))
    rest = tuple(other for other in draft.state.calls if other is not open_call)
    draft.state = evolve(draft.state, calls=rest)
    if not rest:
        draft.state = evolve(draft.state, patience=Patience.UNTRIED)
        draft.emit(Disarm(Deadline.TOOL_RESULTS), Disarm(Deadline.TOOL_PATIENCE))
    if all(other.response_id != open_call.response_id for other in rest):
        owe(draft, Due(DueKind.TOOLS, open_call.response_id))


def overdue(draft: Draft, _: DeadlinePassed) -> None:
    """The model is told that the results did not come, and goes on; so is the client."""
    if draft.state.phase is Phase.RENEWING:
        # there is nobody to tell until the conversation is restored
        draft.emit(Arm(Deadline.TOOL_RESULTS))
        return
    asked = tuple(open_call.call for open_call in draft.state.calls if open_call.endpoint is None)
    if asked:
        draft.emit(ToolCallsCancelled(asked))
    names = ", ".join(open_call.call.name for open_call in draft.state.calls)
    detail = f"No result came in time for: {names}. The model goes on without; answer calls sooner."
    draft.emit(Warned(Problem(Cause.TOOL_TIMEOUT, detail)))
    for open_call in draft.state.calls:
        close_open(draft, open_call, OVERDUE_OUTPUT)
