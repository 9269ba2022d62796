"""
One reachable situation of a session between a hostile upstream and a client, and how it changes.

Responsible for the shape of a :class:`World` and of the :class:`Plan` that it starts from, and for the one way in which
the real rules take a message: the judge looks on at every step.

Must not know: what may happen next; that is ``moves.py``.
"""

from enum import Enum
from typing import Final, TypeAlias

from attrs import field, frozen

from turngate.evolving import evolve
from turngate.session import messages as m
from turngate.session.capabilities import OPENAI, Capabilities
from turngate.session.invariants import Judge
from turngate.session.policy import DEEPGRAM, Bounds, Policy
from turngate.session.rules import begin, step
from turngate.session.state import State

BOUNDS: Final = Bounds(tries=2, waiting_updates=3, waiting_turns=3, early_bytes=100, open_calls=2, losses=1)
"""Small enough for each to be met within a plan."""


BASE: Final = m.SessionConfig("base")


@frozen
class Budget:
    """How much of each mischief one world may still see."""

    speech: int = 0
    vad_response: int = 0
    """Responses that the upstream makes of its own."""
    unseen: int = 0
    """The same, of which nothing is said, at most their end."""
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
    """Confirmations of updates that nobody sent, and a readiness that is told again."""
    last: int = 0
    """Responses of which nothing more is said than that their text is complete."""
    words: int = 0
    """Responses that come with text and transcripts."""
    flow: int = 0
    """Times that the upstream's transport takes no more for a while."""
    close: int = 0
    """Ends of the upstream's connection, and of one that is to take its place."""
    turn: int = 0
    """A turn of the user waits for an answer for too long."""
    limit: int = 0
    """Times that an upstream session may not be longer."""
    unwritten: int = 0
    """Whether the user's turns were not written down when they are recalled, so that their audio is sent again."""
    leave: int = 0
    """Ends that come from the client or from the proxy itself."""
    drain: int = 0
    """Times that the proxy asks for an end at a quiet moment."""
    cap: int = 0
    """Times that what may be used is used up: by time, or by the answers that there were."""
    absent: int = 0
    """Times that the client is cut off, or comes back over another connection while it has one."""
    unplayed: int = 0
    """Whether the client is still playing what the upstream has long finished; with 2 it lags by nothing."""
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
    config: m.SessionConfig = BASE
    """What it was configured to."""
    capabilities: Capabilities = OPENAI
    """What the upstream does otherwise than the API."""
    losses: int = BOUNDS.losses
    """How many upstream sessions may be lost in a row."""


class Second(Enum):
    """The second connection to the upstream."""

    NONE = "none"
    DIALLED = "dialled"
    READY = "ready"


@frozen
class World:
    """One reachable situation."""

    state: State
    judge: Judge
    client: tuple[m.ClientMessage, ...]
    budget: Budget
    up: tuple[m.UpstreamEffect, ...] = ()
    """What is on the wire to the upstream."""
    down: tuple[m.UpstreamMessage, ...] = ()
    """What is on the wire from the upstream."""
    active: str | None = None
    """The response that is active in the upstream's own truth."""
    tags: tuple[str | None, ...] = ()
    """The tag of every response that the upstream has made."""
    told: tuple[str, ...] = ()
    """Items that the client is hearing."""
    leg: tuple[m.ClientMessage, ...] = ()
    """What the client's leg has to report; it comes before anything else does."""
    dialled: bool = False
    second: Second = Second.NONE
    ready_sent: bool = False
    closed: bool = False
    heard: m.Message | None = field(default=None, eq=False)
    """The message of the step that led here, if a step did."""
    done: tuple[m.Effect, ...] = field(default=(), eq=False)
    """The effects of that step."""


Move: TypeAlias = tuple[str, World]


def start(plan: Plan) -> World:
    """The first world of a plan."""
    first = State("s", policy=plan.policy, bounds=evolve(BOUNDS, losses=plan.losses), capabilities=plan.capabilities)
    state, effects = begin(first)
    judge = Judge(plan.capabilities).see(None, effects)
    world = carry_out(World(state, judge, plan.client, plan.budget), effects)
    if not plan.serving:
        return world
    world = deliver(world, m.ConfigureSession(plan.config))
    world = deliver(world, m.UpstreamReady())
    world = deliver(evolve(world, up=()), m.UpdateConfirmed())
    assert world.judge.configured
    return evolve(world, ready_sent=True)


def deliver(world: World, message: m.Message) -> World:
    """The rules take one message, and the judge looks on."""
    state, effects = step(world.state, message)
    judge = world.judge.see(message, effects)
    world = carry_out(evolve(world, state=state, judge=judge, heard=message, done=effects), effects)
    asked = next((effect for effect in effects if isinstance(effect, m.Recall)), None)
    if asked is None:
        return world
    after = deliver(world, recalled(world, asked))
    return evolve(after, heard=message, done=(*effects, *after.done))


def recalled(world: World, asked: m.Recall) -> m.Recalled:
    """What is remembered: one line at least; of spoken turns either the words or the sound."""
    again = asked.owed if world.budget.unwritten else frozenset()
    lines = [m.ContextLine(m.Role.ASSISTANT, "before")]
    lines += [m.ContextLine(m.Role.ASSISTANT, record.text, record.item_id) for record in world.state.records]
    texts = tuple((item_id, item_id) for item_id in sorted(asked.apart & (world.judge.owed | world.judge.withdrawn)))
    return m.Recalled(tuple(lines), (b"\0\0",) * len(again), again, texts)


def carry_out(world: World, effects: tuple[m.Effect, ...]) -> World:
    """Put on the wire what the upstream answers; it says nothing to audio and to the outputs of calls."""
    for effect in effects:
        match effect:
            case m.SendUpdate() | m.StartResponse() | m.CancelResponse() | m.AddLine() | m.CommitAudio():
                world = evolve(world, up=(*world.up, effect))
            case m.AddCall() | m.AddToolOutput() if world.state.seeds:
                world = say(world, m.ItemConfirmed(effect.item_id))
            case m.DialUpstream():
                world = evolve(connected(world), dialled=True, ready_sent=False)
            case m.DialNext():
                world = evolve(world, second=Second.DIALLED)
            case m.MoveOver():
                world = evolve(connected(world), ready_sent=world.second is Second.READY, second=Second.NONE)
            case m.AppendAudio() if isinstance(world.heard, m.ItemConfirmed | m.Refused | m.DeadlinePassed):
                # audio that is sent again has the whole turn in it
                item_id = f"again{len(world.tags)}{len(world.down)}"
                world = say(world, m.SpeechStarted(item_id), m.SpeechCommitted(item_id))
            case _:
                pass
    return hear(world, effects)


def connected(world: World) -> World:
    """The upstream is reached by another connection: of what was on the wire of the one before nothing arrives."""
    return evolve(world, up=(), down=(), active=None, closed=False)


def hear(world: World, effects: tuple[m.Effect, ...]) -> World:
    """The client's leg sends what it is told, and reports at once what became of it."""
    for effect in effects:
        match effect:
            case m.AgentAudio(_, item_id) if item_id not in world.told:
                world = evolve(world, told=(*world.told, item_id))
            case m.CallFunction(call):
                world = evolve(world, client=(*world.client, m.FunctionDone(call.call_id, failure="timeout")))
            case m.AgentFinishedSpeaking() if not world.budget.unplayed:
                world = played(world)
            case m.AgentFinishedSpeaking() if world.judge.away:
                world = played(world)
            case m.UserSpeaking() | m.CutSpeech() if world.judge.away:
                # what nobody could hear counts as heard
                parts = tuple(m.Heard(item, 100, 100) for item in world.told)
                world = evolve(world, told=(), leg=(*world.leg, m.SpeechCut(parts)))
            case m.UserSpeaking() | m.CutSpeech():
                # of several items the first is heard, in part or as far as it was told, and the others not at all
                first = 100 if world.budget.unplayed > 1 else 40
                parts = tuple(m.Heard(item, 0 if at else first, 100) for at, item in enumerate(world.told))
                world = evolve(world, told=(), leg=(*world.leg, m.SpeechCut(parts)))
            case _:
                pass
    return world


def played(world: World) -> World:
    """The client's leg reports that all was played that the client was told of."""
    return evolve(world, told=(), leg=(*world.leg, m.SpeechPlayed(world.told)))


def spend(world: World, **one: int) -> World:
    """The same world with less mischief left."""
    left = {name: getattr(world.budget, name) - n for name, n in one.items()}
    return evolve(world, budget=evolve(world.budget, **left))


def say(world: World, *messages: m.UpstreamMessage) -> World:
    """The upstream puts messages on the wire."""
    return evolve(world, down=world.down + messages)


def started(world: World, tag: str | None) -> World:
    """The upstream makes a response, and says all of it but the end."""
    response_id = f"r{len(world.tags)}"
    item_id = f"i{response_id}"
    tag = tag if world.judge.capabilities.echoes_metadata else None
    world = say(
        evolve(world, active=response_id, tags=(*world.tags, tag)),
        m.ResponseStarted(response_id, tag),
        m.AgentAudioChunk(response_id, item_id, b"\0\0"),
        m.AgentAudioSegmentEnded(response_id),
    )
    if not world.budget.words:
        return world
    return say(
        spend(world, words=1),
        m.AgentTextStarted(response_id),
        m.AgentTextEnded(response_id, item_id, "yes"),
        m.AgentTextEnded(response_id, f"{item_id}b", " "),
        m.AgentItemEnded(response_id, item_id, "yes"),
    )


def unseen(world: World) -> World:
    """The upstream makes a response of which nothing is heard."""
    return evolve(world, active=f"r{len(world.tags)}", tags=(*world.tags, None))


def ended(world: World, status: m.ResponseStatus, calls: tuple[m.ToolCall, ...] = ()) -> World:
    """The active response ends. The first of its calls was told of before; the list has them all."""
    assert world.active is not None
    response_id, tag = world.active, world.tags[int(world.active[1:])]
    if not world.judge.capabilities.sends_response_done:
        return say(evolve(world, active=None), *(m.ToolCallCompleted(response_id, call) for call in calls))
    told = tuple(m.ToolCallCompleted(response_id, call) for call in calls[:1])
    return say(
        evolve(world, active=None),
        *told,
        m.ResponseEnded(response_id, status, None, calls, tag, items=(f"i{response_id}",)),
    )
