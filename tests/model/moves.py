"""
Everything that can happen next in a world.

Responsible for the upstream as the Realtime API has it (one response at a time, answers in order), and for every
mischief that a plan allows: the upstream's, the user's, the network's and the clock's.

Must not know: the rules. It looks at their state for nothing.
"""

from collections.abc import Iterator
from typing import Final

from worlds import Move, Second, World, deliver, ended, played, say, spend, started, unseen

from turngate.evolving import evolve
from turngate.session import messages as m
from turngate.session.capabilities import SecondCreate

ACTIVE: Final = "conversation_already_has_active_response"
LATE: Final = frozenset(
    {
        m.Deadline.SETTINGS,
        m.Deadline.RETRY,
        m.Deadline.TOOL_PATIENCE,
        m.Deadline.TOOL_RESULTS,
        m.Deadline.FLOOR,
        m.Deadline.OWN_START,
        m.Deadline.PLACING,
        m.Deadline.COMMIT_PAUSE,
        m.Deadline.COMMIT_CAP,
        m.Deadline.COMMIT_LATEST,
        m.Deadline.UPDATE_SILENCE,
        m.Deadline.LIMIT,
        m.Deadline.NEXT_TRY,
        m.Deadline.STEADY,
        m.Deadline.CLIENT_RETURN,
    }
)
"""Deadlines that may pass while messages are still on their way."""
DEPARTURES: Final[tuple[m.Message, ...]] = (
    m.ClientGone(),
    m.ClientStalled(),
    m.ClientIdle(),
    m.ClientFault(m.Problem(m.Cause.UNPARSABLE, "send JSON")),
    m.Dismissed(),
    m.Shutdown(),
)


def moves(world: World) -> Iterator[Move]:
    """Everything that can happen next, in the same order in every run."""
    if world.judge.over:
        return
    world = evolve(world, heard=None, done=())
    if world.leg:
        yield "leg", deliver(evolve(world, leg=world.leg[1:]), world.leg[0])
        return
    if world.budget.unplayed and world.told:
        yield "played", deliver(evolve(world, told=()), m.SpeechPlayed(world.told))
    if world.client and not world.judge.away:
        yield "client", deliver(evolve(world, client=world.client[1:]), world.client[0])
    if world.down:
        yield "hear", deliver(evolve(world, down=world.down[1:]), world.down[0])
    if world.dialled and not world.closed:
        yield from upstream_moves(world)
        if world.ready_sent:
            yield from upstream_mischief(world)
    yield from network_mischief(world)
    yield from time_passes(world)


def time_passes(world: World) -> Iterator[Move]:
    """A deadline passes: because nothing else can happen, or too soon."""
    quiet = not world.up and not world.down and world.active is None
    for deadline in sorted(world.judge.armed, key=lambda one: one.name):
        if deadline is m.Deadline.LIMIT_NEAR:
            if world.budget.limit:
                yield "limit near", deliver(spend(world, limit=1), m.DeadlinePassed(deadline))
        elif deadline is m.Deadline.TURN:
            # only where it is asked for: each wait on the way to an answer has an end of its own
            if world.budget.turn:
                yield "turn overdue", deliver(spend(world, turn=1), m.DeadlinePassed(deadline))
        elif quiet and deadline is not m.Deadline.SETTINGS:
            yield f"deadline {deadline.name}", deliver(world, m.DeadlinePassed(deadline))
        elif deadline in LATE and world.budget.late:
            yield f"late {deadline.name}", deliver(spend(world, late=1), m.DeadlinePassed(deadline))
        elif deadline is m.Deadline.RESPONSE_SILENCE and world.budget.late > 3:
            yield "silence", deliver(spend(world, late=1), m.DeadlinePassed(deadline))


# --- the upstream as it should be -----------------------------------------------------------------------------------


def upstream_moves(world: World) -> Iterator[Move]:
    """What an upstream does: it takes commands in order, and ends what it began."""
    if not world.ready_sent:
        yield "ready", say(evolve(world, ready_sent=True), m.UpstreamReady())
        return
    if world.up:
        yield from take(evolve(world, up=world.up[1:]), world.up[0])
    if world.active is not None:
        yield "end", ended(world, m.ResponseStatus.COMPLETED)
        if world.budget.call:
            calls = tuple(m.ToolCall(f"c{len(world.tags)}{i}", "f", "{}") for i in range(2))
            yield "end with calls", ended(spend(world, call=1), m.ResponseStatus.COMPLETED, calls)
            yield "cut with calls", ended(spend(world, call=1), m.ResponseStatus.CANCELLED, calls)
        if world.budget.last:
            text = m.AgentTextEnded(world.active, f"i{world.active}", "yes", m.TextKind.LAST)
            yield "end with text", say(evolve(spend(world, last=1), active=None), text)
        if world.budget.fail:
            yield "fail", ended(spend(world, fail=1), m.ResponseStatus.FAILED)
            yield "cut short", ended(spend(world, fail=1), m.ResponseStatus.INCOMPLETE)


def take(world: World, command: m.UpstreamEffect) -> Iterator[Move]:
    """The upstream takes the next command from the wire."""
    match command:
        case m.SendUpdate(event_id):
            if world.active is not None:
                yield from refuse_as_active(world, event_id)
            else:
                yield "update", say(world, m.UpdateConfirmed()) if world.judge.capabilities.acks_update else world
                yield from refuse(world, "refuse update", event_id)
                if world.budget.refuse:
                    locked = m.Refused(event_id, "cannot_update_voice", voice_locked=True)
                    yield "refuse voice", say(spend(world, refuse=1), locked)
                if world.budget.lose:
                    yield "lose update", spend(world, lose=1)
        case m.StartResponse(event_id):
            supersedes = world.judge.capabilities.second_create is SecondCreate.SUPERSEDES
            if world.active is not None and not supersedes:
                yield from refuse_as_active(world, event_id)
            else:
                yield from respond(world, event_id)
        case m.CancelResponse(event_id, response_id):
            if world.active == response_id:
                yield "cancel", ended(world, m.ResponseStatus.CANCELLED)
                if world.budget.lose:
                    yield "lose cancel", spend(world, lose=1)
            else:
                yield "cancel nothing", say(world, m.Refused(event_id, "response_cancel_not_active"))
        case m.CommitAudio(event_id):
            yield "commit", say(world, m.SpeechCommitted(f"of {event_id}"))
            yield from refuse(world, "refuse commit", event_id)
            if world.budget.lose:
                yield "lose commit", spend(world, lose=1)
        case m.AddLine(event_id, item_id):
            yield "item", say(world, m.ItemConfirmed(item_id))
            yield from refuse(world, "refuse item", event_id)
            if world.budget.lose:
                yield "lose item", spend(world, lose=1)


def respond(world: World, event_id: str) -> Iterator[Move]:
    """The upstream takes a create while no response is active."""
    yield "respond", started(world, event_id)
    yield from refuse(world, "refuse create", event_id)
    if world.budget.lose:
        yield "lose create", spend(world, lose=1)
        yield "lose start", evolve(started(spend(world, lose=1), event_id), down=world.down)
    if world.budget.strip:
        yield "strip tag", started(spend(world, strip=1), None)


def refuse(world: World, name: str, event_id: str) -> Iterator[Move]:
    """The upstream has reasons of its own."""
    if world.budget.refuse:
        yield name, say(spend(world, refuse=1), m.Refused(event_id, "invalid_value"))


def refuse_as_active(world: World, event_id: str) -> Iterator[Move]:
    """The upstream has an active response, whatever we know of it."""
    yield "refuse as active", say(world, m.Refused(event_id, ACTIVE, active_response=True))
    yield from refuse(world, "refuse anyway", event_id)
    if world.budget.unnamed:
        yield "refuse unnamed", say(spend(world, unnamed=1), m.Refused(None, ACTIVE, active_response=True))


# --- mischief -------------------------------------------------------------------------------------------------------


def upstream_mischief(world: World) -> Iterator[Move]:
    """What an upstream or its user may do at any time."""
    budget = world.budget
    if budget.speech:
        yield from speech(spend(world, speech=1), f"u{budget.speech}")
    if budget.vad_response and world.active is None:
        yield "response of its own", started(spend(world, vad_response=1), None)
    if budget.unseen and world.active is None:
        yield "response out of sight", unseen(spend(world, unseen=1))
    if budget.unseen and world.active is not None:
        yield "end out of sight", evolve(spend(world, unseen=1), active=None)
    if budget.unnamed:
        yield "error about nothing", say(spend(world, unnamed=1), m.Refused(None, "server_error"))
    if budget.unasked:
        yield "unasked confirmation", say(spend(world, unasked=1), m.UpdateConfirmed())
        yield "ready again", say(spend(world, unasked=1), m.UpstreamReady())
    if budget.out_of_band:
        side = f"o{budget.out_of_band}"
        begun = m.ResponseStarted(side, None, in_conversation=False)
        done = m.ResponseEnded(side, m.ResponseStatus.COMPLETED, in_conversation=False)
        yield "out of band", say(spend(world, out_of_band=1), begun, done)


def speech(world: World, item_id: str) -> Iterator[Move]:
    """The user speaks, which cuts off an active response; the turn is committed, or never is."""
    begun = say(world, m.SpeechStarted(item_id))
    if world.active is not None:
        late = m.AgentAudioChunk(world.active, f"i{world.active}", b"\0\0")
        begun = ended(say(begun, late), m.ResponseStatus.CANCELLED)
    yield "speech", begun
    yield "speech and turn", say(begun, m.SpeechCommitted(item_id))
    if world.budget.words:
        heard = m.UserTranscribed(item_id, "so")
        piece = m.UserPartlyTranscribed(item_id, "s")
        turn = say(spend(begun, words=1), m.SpeechStopped(item_id), m.SpeechCommitted(item_id), piece)
        yield "speech, turn and transcript", say(turn, heard)
        yield "speech, turn and no transcript", say(turn, m.TranscriptionFailed(item_id))


def network_mischief(world: World) -> Iterator[Move]:
    """What the connections and the client's end of them may do at any time."""
    budget = world.budget
    if budget.duplicate and world.down:
        yield "duplicate", evolve(spend(world, duplicate=1), down=(world.down[0], *world.down))
        yield "echo", evolve(spend(world, duplicate=1), down=(*world.down, world.down[0]))
    if budget.swap and len(world.down) > 1:
        first, second, *rest = world.down
        yield "swap", evolve(spend(world, swap=1), down=(second, first, *rest))
    if world.dialled and not world.closed:
        if m.Deadline.UPSTREAM_FLOW in world.judge.armed:
            yield "relieved", deliver(world, m.UpstreamRelieved())
        elif budget.flow:
            yield "congested", deliver(spend(world, flow=1), m.UpstreamCongested())
        if world.second is Second.DIALLED:
            yield "second ready", deliver(evolve(world, second=Second.READY), m.NextReady())
        if world.second is not Second.NONE and budget.close:
            lost = m.NextLost(m.Problem(m.Cause.UPSTREAM_CLOSED, "closed"))
            yield "second lost", deliver(evolve(spend(world, close=1), second=Second.NONE), lost)
        if budget.close:
            lost = m.UpstreamLost(m.Problem(m.Cause.UPSTREAM_CLOSED, "closed"))
            yield "close", deliver(evolve(spend(world, close=1), closed=True, down=()), lost)
    if world.judge.away:
        yield "client back", deliver(world, m.ClientBack())
        if budget.absent:
            yield "idle while away", deliver(spend(world, absent=1), m.ClientIdle())
    elif budget.absent:
        cut_off = deliver(spend(world, absent=1), m.ClientGone(m.Loss.LOST))
        yield "client lost", played(cut_off) if cut_off.told else cut_off
        yield "client moves over", deliver(spend(world, absent=1), m.ClientBack())
    if budget.drain:
        yield "drain", deliver(spend(world, drain=1), m.Drain())
    if budget.cap:
        for cap in (m.Cap.DAY_MINUTES, m.Cap.DAY_TOKENS):
            yield f"used up {cap.name}", deliver(spend(world, cap=1), m.UsedUp(cap))
    if budget.leave:
        for departure in DEPARTURES:
            yield f"departure {type(departure).__name__}", deliver(spend(world, leave=1), departure)
