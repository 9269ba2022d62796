"""
Walk through everything that can happen between the real rules, a hostile upstream and a client.

A world is the rules' state, the judge, the upstream's own truth, what is on the wire in either direction, and how much
mischief is left. Every world that can be reached within a plan's budgets is visited once; after each step the judge
looks on, and where nothing more can happen it asks whether anything was left undone.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from attrs import evolve, field, frozen
from turngate.session import messages as m
from turngate.session.invariants import Judge, PromiseBrokenError
from turngate.session.rules import begin, step
from turngate.session.state import DEEPGRAM, Bounds, Policy, State

ACTIVE: Final = "conversation_already_has_active_response"
LATE: Final = {m.Deadline.RETRY, m.Deadline.TOOL_PATIENCE, m.Deadline.TOOL_RESULTS, m.Deadline.FLOOR}
"""Deadlines that may pass while messages are still on their way."""


@frozen
class Budget:
    """How much of each mischief one world may still see."""

    speech: int = 0
    vad_response: int = 0
    refuse: int = 0
    """Refusals for reasons of the upstream's own."""
    unnamed: int = 0
    """Refusals for an active response that name no event, and errors that are about nothing of ours."""
    lose: int = 0
    """Answers that never come."""
    strip: int = 0
    """Responses without our tag."""
    duplicate: int = 0
    swap: int = 0
    out_of_band: int = 0
    call: int = 0
    """Responses that end with two tool calls."""
    fail: int = 0
    unasked: int = 0
    """Confirmations of updates that nobody sent."""
    close: int = 0
    leave: int = 0
    late: int = 4
    """Deadlines that pass although nothing is wrong."""


@frozen
class Plan:
    """What the client will do, in order, and what the upstream may."""

    name: str
    client: tuple[m.ClientMessage, ...]
    budget: Budget
    policy: Policy = DEEPGRAM
    serving: bool = True
    """Start with a session that serves, to spend the budgets on what comes after."""


@frozen
class World:
    """One reachable situation."""

    state: State
    judge: Judge
    client: tuple[m.ClientMessage, ...]
    budget: Budget
    up: tuple[m.UpstreamEffect, ...] = ()
    down: tuple[m.UpstreamMessage, ...] = ()
    active: str | None = None
    """The response that is active in the upstream's own truth."""
    made: int = 0
    answered: tuple[str, ...] = ()
    dialled: bool = False
    closed: bool = False
    ready_sent: bool = False


Move: TypeAlias = tuple[str, World]


def start(plan: Plan) -> World:
    """The first world of a plan."""
    state, effects = begin(State("s", policy=plan.policy, bounds=Bounds(tries=2, waiting_updates=3, waiting_turns=4)))
    world = World(state, Judge().see(None, effects), plan.client, plan.budget)
    world = carry_out(world, effects)
    if not plan.serving:
        return world
    world = deliver(world, m.ConfigureSession(m.SessionConfig("base")))
    world = deliver(world, m.UpstreamReady())
    world = deliver(evolve(world, up=()), m.UpdateConfirmed())
    assert world.judge.configured
    return evolve(world, ready_sent=True)


def deliver(world: World, message: m.Message) -> World:
    """The rules take one message, and the judge looks on."""
    state, effects = step(world.state, message)
    judge = world.judge.see(message, effects)
    return carry_out(evolve(world, state=state, judge=judge), effects)


def carry_out(world: World, effects: tuple[m.Effect, ...]) -> World:
    """Put what goes upstream on the wire."""
    sent = tuple(
        e for e in effects if isinstance(e, m.SendUpdate | m.StartResponse | m.CancelResponse | m.AddLine)
    )
    dialled = world.dialled or any(isinstance(e, m.DialUpstream) for e in effects)
    return evolve(world, up=world.up + sent, dialled=dialled)


def spend(world: World, **one: int) -> World:
    """The same world with less mischief left."""
    left = {name: getattr(world.budget, name) - n for name, n in one.items()}
    return evolve(world, budget=evolve(world.budget, **left))


def say(world: World, *messages: m.UpstreamMessage) -> World:
    """The upstream puts messages on the wire."""
    return evolve(world, down=world.down + messages)


def moves(world: World) -> Iterator[Move]:
    """Everything that can happen next."""
    if world.judge.over:
        return
    if world.client:
        yield "client", deliver(evolve(world, client=world.client[1:]), world.client[0])
    if world.down:
        yield "hear", deliver(evolve(world, down=world.down[1:]), world.down[0])
    if world.dialled and not world.closed:
        yield from upstream_moves(world)
    yield from mischief(world)
    for deadline in world.judge.armed:
        quiet = not world.up and not world.down and world.active is None
        if quiet and deadline is not m.Deadline.SETTINGS:
            yield f"deadline {deadline.name}", deliver(world, m.DeadlinePassed(deadline))
        elif deadline in LATE and world.budget.late:
            yield f"late {deadline.name}", deliver(spend(world, late=1), m.DeadlinePassed(deadline))
        elif deadline is m.Deadline.RESPONSE_SILENCE and world.budget.late > 3:
            yield "silence", deliver(spend(world, late=1), m.DeadlinePassed(deadline))


def upstream_moves(world: World) -> Iterator[Move]:
    """What a well-behaved upstream does."""
    if not world.ready_sent:
        yield "ready", say(evolve(world, ready_sent=True), m.UpstreamReady())
        return
    if world.up:
        yield from take(evolve(world, up=world.up[1:]), world.up[0])
    if world.active is not None:
        yield "end", ended(world, m.ResponseStatus.COMPLETED)
        if world.budget.call:
            calls = tuple(m.ToolCall(f"c{world.made}{i}", "f", "{}") for i in range(2))
            yield "end with calls", ended(spend(world, call=1), m.ResponseStatus.COMPLETED, calls)
        if world.budget.fail:
            yield "fail", ended(spend(world, fail=1), m.ResponseStatus.FAILED)


def take(world: World, command: m.UpstreamEffect) -> Iterator[Move]:
    """The upstream takes the next command from the wire."""
    match command:
        case m.SendUpdate(event_id):
            if world.active is not None:
                yield from refuse_as_active(world, event_id)
            else:
                yield "update", say(world, m.UpdateConfirmed())
                if world.budget.refuse:
                    yield "refuse update", say(spend(world, refuse=1), m.Refused(event_id, "invalid_value"))
                if world.budget.lose:
                    yield "lose update", spend(world, lose=1)
        case m.StartResponse(event_id):
            if world.active is not None:
                yield from refuse_as_active(world, event_id)
            else:
                yield "respond", started(world, event_id)
                if world.budget.refuse:
                    yield "refuse create", say(spend(world, refuse=1), m.Refused(event_id, "server_error"))
                if world.budget.lose:
                    yield "lose create", spend(world, lose=1)
                    silent = started(spend(world, lose=1), event_id)
                    yield "lose start", evolve(silent, down=world.down)
                if world.budget.strip:
                    yield "strip tag", started(spend(world, strip=1), None)
        case m.CancelResponse(event_id, response_id):
            if world.active == response_id:
                yield "cancel", ended(world, m.ResponseStatus.CANCELLED)
            else:
                yield "cancel nothing", say(world, m.Refused(event_id, "response_cancel_not_active"))
        case m.AddLine(event_id, item_id):
            yield "item", say(world, m.ItemConfirmed(item_id))
            if world.budget.refuse:
                yield "refuse item", say(spend(world, refuse=1), m.Refused(event_id, "invalid_value"))


def refuse_as_active(world: World, event_id: str) -> Iterator[Move]:
    """The upstream has an active response, whatever we know of it."""
    yield "refuse as active", say(world, m.Refused(event_id, ACTIVE, active_response=True))
    if world.budget.unnamed:
        yield "refuse unnamed", say(spend(world, unnamed=1), m.Refused(None, ACTIVE, active_response=True))


def started(world: World, tag: str | None) -> World:
    """The upstream makes a response, and says all of it but the end."""
    response_id = f"r{world.made}"
    return say(
        evolve(world, active=response_id, made=world.made + 1, answered=(*world.answered, tag or "")),
        m.ResponseStarted(response_id, tag),
        m.AgentAudioChunk(response_id, f"i{response_id}", b"\0\0"),
        m.AgentAudioSegmentEnded(response_id),
    )


def ended(world: World, status: m.ResponseStatus, calls: tuple[m.ToolCall, ...] = ()) -> World:
    """The active response ends."""
    assert world.active is not None
    tag = world.answered[int(world.active[1:])] or None
    return say(evolve(world, active=None), m.ResponseEnded(world.active, status, None, calls, tag))


def mischief(world: World) -> Iterator[Move]:
    """What an upstream, a user or the network may do at any time."""
    budget = world.budget
    if world.dialled and world.ready_sent and not world.closed:
        if budget.speech:
            begun = say(spend(world, speech=1), m.SpeechStarted(f"u{budget.speech}"))
            if world.active is not None:
                late = m.AgentAudioChunk(world.active, f"i{world.active}", b"\0\0")
                begun = ended(say(begun, late), m.ResponseStatus.CANCELLED)
            yield "speech", begun
            yield "speech and turn", say(begun, m.SpeechCommitted(f"u{budget.speech}"))
        if budget.vad_response and world.active is None:
            yield "response of its own", started(spend(world, vad_response=1), None)
        if budget.unnamed:
            yield "error about nothing", say(spend(world, unnamed=1), m.Refused(None, "server_error"))
        if budget.unasked:
            yield "unasked confirmation", say(spend(world, unasked=1), m.UpdateConfirmed())
        if budget.out_of_band:
            side = f"o{budget.out_of_band}"
            yield (
                "out of band",
                say(
                    spend(world, out_of_band=1),
                    m.ResponseStarted(side, None, in_conversation=False),
                    m.ResponseEnded(side, m.ResponseStatus.COMPLETED, in_conversation=False),
                ),
            )
        if budget.close:
            lost = m.UpstreamLost(m.Problem(m.Cause.UPSTREAM_CLOSED, "closed"))
            yield "close", deliver(evolve(spend(world, close=1), closed=True, down=()), lost)
    if budget.duplicate and world.down:
        yield "duplicate", evolve(spend(world, duplicate=1), down=(world.down[0], *world.down))
        yield "echo", evolve(spend(world, duplicate=1), down=(*world.down, world.down[0]))
    if budget.swap and len(world.down) > 1:
        first, second, *rest = world.down
        yield "swap", evolve(spend(world, swap=1), down=(second, first, *rest))
    if budget.leave:
        yield "leave", deliver(spend(world, leave=1), m.ClientGone())


@frozen
class Found:
    """What a walk found."""

    worlds: int
    moves: Counter[str] = field(eq=False)
    ends: int = 0


class CounterexampleError(AssertionError):
    """A promise was broken; the text holds the shortest way there."""


def explore(plan: Plan, *, limit: int = 400_000, visit: Callable[[World], None] | None = None) -> Found:
    """Visit every world of a plan, breadth first, so that a counterexample is a shortest one."""
    first = start(plan)
    came: dict[World, tuple[World, str] | None] = {first: None}
    queue = [first]
    counted: Counter[str] = Counter()
    ends = 0
    for world in queue:
        if visit is not None:
            visit(world)
        world_moves = 0
        try:
            for name, after in moves(world):
                world_moves += 1
                counted[name] += 1
                if after not in came:
                    came[after] = (world, name)
                    queue.append(after)
            if not world_moves:
                ends += 1
                world.judge.check_quiet()
        except PromiseBrokenError as broken:
            raise CounterexampleError(f"{plan.name}: {broken} after {way(came, world)}") from broken
        assert len(came) <= limit, f"{plan.name}: more than {limit} worlds"
    return Found(len(came), counted, ends)


def way(came: dict[World, tuple[World, str] | None], world: World) -> list[str]:
    """The moves that led to a world."""
    names: list[str] = []
    step_back = came[world]
    while step_back is not None:
        world, name = step_back
        names.append(name)
        step_back = came[world]
    return names[::-1]
