"""
The functions actor: it makes a session's calls for its client, where the operator allows that.

Responsible for calls that are under way, and for ending them with their session.

Must not know: HTTP, which hosts are allowed, what an answer leads to.

Comes from: the coordinator (calls to make) and the caller (their outcomes). Goes to: the coordinator.
"""

from typing import TypeAlias

from attrs import frozen

from turngate.actors import Actor, Context, Ref
from turngate.proxy.ports import FunctionEndpoint, FunctionOutcome, IFunctionCaller, IPending
from turngate.session.messages import CallFunction, FunctionDone, Message


@frozen
class Outcome:
    """A call is over."""

    call_id: str
    outcome: FunctionOutcome


FunctionsMessage: TypeAlias = CallFunction | Outcome


class FunctionsActor(Actor[FunctionsMessage]):
    """The calls of one session."""

    def __init__(self, caller: IFunctionCaller, session_id: str, coordinator: Ref[Message]) -> None:
        self._caller = caller
        self._session_id = session_id
        self._coordinator = coordinator
        self._pending: dict[str, IPending] = {}

    def receive(self, context: Context[FunctionsMessage], message: FunctionsMessage) -> None:
        """A call to make, or the end of one."""
        match message:
            case CallFunction(call, endpoint):
                where = FunctionEndpoint(endpoint.url, endpoint.method, dict(endpoint.headers))
                me, call_id = context.self_ref, call.call_id
                self._pending[call_id] = self._caller.call(
                    self._session_id, where, call.arguments, lambda outcome: me.tell(Outcome(call_id, outcome))
                )
            case Outcome(call_id, outcome):
                self._pending.pop(call_id, None)
                self._coordinator.tell(FunctionDone(call_id, outcome.output, outcome.failure or ""))

    def on_stop(self, context: Context[FunctionsMessage]) -> None:
        """Nobody waits for what is under way."""
        for pending in self._pending.values():
            pending.cancel()
