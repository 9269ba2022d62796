"""
How a session begins, and what waits until it serves.

Responsible for settings and their confirmation, for the earlier conversation that they bring, and for what a client
sends too early.

Must not know: when the gate is open; it hands the settings to the gate as the first update.
"""

from turngate.evolving import evolve
from turngate.session import placing
from turngate.session.due import owe, user_waits
from turngate.session.ending import end, reach
from turngate.session.gate import problem_of
from turngate.session.machines import Floor, Milestone, Phase
from turngate.session.messages import (
    AddCall,
    AddLine,
    AddToolOutput,
    AgentFinishedSpeaking,
    AppendInstructions,
    Arm,
    Cause,
    ClientMessage,
    ConfigureSession,
    ContextCall,
    ContextEntry,
    ContextLine,
    ConversationLine,
    Deadline,
    DialUpstream,
    Disarm,
    Ending,
    Failed,
    FunctionDone,
    ItemConfirmed,
    Note,
    PauseClient,
    Problem,
    Refused,
    ReplaceConfig,
    ReplaceThinking,
    ResumeClient,
    Role,
    SessionConfig,
    SessionConfigured,
    SettingsAcknowledged,
    ToolResult,
    UpdateApplied,
    UpdateKind,
    UpdateNotApplied,
    UpdateSession,
    UpstreamCongested,
    UpstreamReady,
    UpstreamRelieved,
    UserAudio,
    UserText,
    Warned,
)
from turngate.session.policy import Again, BeforeSettings, DialAt, Greeting, Length, Readiness, RefusedSettings
from turngate.session.state import Draft, Due, DueKind, Pause, State, Upstream, WaitingUpdate

# --- settings -------------------------------------------------------------------------------------------------------


def accept_settings(draft: Draft, settings: ConfigureSession) -> None:
    """The settings become the first update, once there is an upstream to send it to."""
    draft.state = evolve(draft.state, settings=settings, updates=(first_update(settings),))
    draft.emit(Disarm(Deadline.SETTINGS))
    reach(draft, Milestone.SETTINGS_ACCEPTED)
    match draft.state.upstream:
        case Upstream.UNDIALLED:
            dial(draft)
        case Upstream.DIALLING | Upstream.AWAITED:
            pass
        case Upstream.READY:
            reach(draft, Milestone.UPSTREAM_READY)


def first_update(settings: ConfigureSession) -> WaitingUpdate:
    """What settings are at the gate."""
    return WaitingUpdate(UpdateSession(UpdateKind.SETTINGS, ReplaceConfig(settings.config)))


def dial(draft: Draft) -> None:
    """Connect to the upstream."""
    draft.state = evolve(draft.state, upstream=Upstream.DIALLING)
    model = draft.state.settings.model if draft.state.settings else None
    draft.emit(DialUpstream(model), Arm(Deadline.UPSTREAM_READY))


def client_connected(draft: Draft) -> None:
    """The first thing in every session; not a message, since nothing can come before it."""
    if draft.state.policy.dial_at is DialAt.CONNECT:
        dial(draft)
    if draft.state.policy.before_settings is BeforeSettings.REFUSED:
        draft.emit(Arm(Deadline.SETTINGS))


def upstream_ready(draft: Draft, _: UpstreamReady) -> None:
    """The upstream can be configured."""
    if draft.state.upstream is Upstream.READY:
        draft.emit(Note("upstream.ready_again"))
        return
    draft.state = evolve(draft.state, upstream=Upstream.READY)
    draft.emit(Disarm(Deadline.UPSTREAM_READY))
    if draft.state.policy.length is Length.LIMITED:
        draft.emit(Arm(Deadline.LIMIT_NEAR))
    if draft.state.phase is Phase.CONNECTING:
        reach(draft, Milestone.UPSTREAM_READY)


def settings_again(draft: Draft, settings: ConfigureSession) -> None:
    """Settings came a second time, or for the first time into a session that serves already."""
    if draft.state.phase is Phase.SERVING and draft.state.settings is None:
        draft.state = evolve(draft.state, settings=settings)
        first = UpdateSession(UpdateKind.SETTINGS, ReplaceConfig(settings.config), settings.notices, settings.greeting)
        take_update(draft, first)
        return
    match draft.state.policy.repeated_settings:
        case Again.REFUSED:
            advice = "Settings are sent once; send UpdatePrompt and its like to change them."
            end(draft, Ending.CLIENT_FAULT, Problem(Cause.ALREADY_CONFIGURED, advice))
        case _ if draft.state.phase is not Phase.SERVING:
            hold(draft, settings)
        case _ if is_in_force(draft.state, settings.config):
            draft.emit(UpdateApplied(UpdateKind.SETTINGS))
        case Again.ACKNOWLEDGED if draft.state.responses or draft.state.sent_create:
            draft.emit(SettingsAcknowledged())
        case Again.APPLIED | Again.ACKNOWLEDGED:
            take_update(draft, UpdateSession(UpdateKind.SETTINGS, ReplaceConfig(settings.config), settings.notices))


def is_in_force(state: State, config: SessionConfig) -> bool:
    """Whether the upstream has confirmed exactly this, and nothing is under way to change it."""
    return state.confirmed == config and state.sent_update is None and not (state.parked or state.updates)


def take_update(draft: Draft, update: UpdateSession) -> None:
    """An update waits at the gate, whether or not it must."""
    state = draft.state
    waiting = (*state.parked, *state.updates)
    chars = sum(weight(one.update) for one in waiting) + weight(update)
    if len(waiting) >= state.bounds.waiting_updates or chars > state.bounds.waiting_update_chars:
        advice = "Too many updates wait for the model to finish; this one was not taken. Send it again later."
        draft.emit(UpdateNotApplied(update.kind, Problem(Cause.TOO_MANY_WAITING, advice)))
        return
    draft.state = evolve(state, updates=(*state.updates, WaitingUpdate(evolve(update, notices=()))))
    draft.emit(*(Warned(notice) for notice in update.notices))


def not_applied(draft: Draft, one: WaitingUpdate, problem: Problem) -> None:
    """An update is not in force, and will not be."""
    draft.emit(UpdateNotApplied(one.update.kind, problem))
    if one.update.greeting:
        # the settings that come next are the first again
        draft.state = evolve(draft.state, settings=None)


def settings_confirmed(draft: Draft) -> None:
    """The upstream is configured; put the earlier conversation in place."""
    settings = draft.state.settings
    place(draft, settings.context if settings else ())
    if draft.state.seeds:
        draft.emit(Arm(Deadline.ITEMS_ANSWER))
    else:
        serve(draft)


def place(draft: Draft, entries: tuple[ContextEntry, ...]) -> dict[str, str]:
    """Put entries of the conversation in place; each is to be confirmed. Gives the new items for those that were."""
    seeds = []
    placed = {}
    for entry in entries:
        item_id = draft.fresh_id()
        seeds.append(item_id)
        match entry:
            case ContextLine(role, text, was):
                placed[was] = item_id
                draft.emit(AddLine(item_id, item_id, role, text))
            case ContextCall(call, output):
                result_id = draft.fresh_id()
                seeds.append(result_id)
                draft.emit(AddCall(item_id, item_id, call))
                draft.emit(AddToolOutput(result_id, result_id, call.call_id, output))
    draft.state = evolve(draft.state, seeds=draft.state.seeds.union(seeds))
    return placed


def item_confirmed(draft: Draft, confirmed: ItemConfirmed) -> None:
    """One more item of the earlier conversation or a written turn is in place, or an item that nobody waits for."""
    placing.settled(draft, confirmed.item_id)
    if confirmed.item_id not in draft.state.seeds:
        return
    seed_settled(draft, confirmed.item_id)


def seed_settled(draft: Draft, item_id: str) -> None:
    """The upstream has taken or refused an entry of the conversation; behind the last one the session serves."""
    draft.state = evolve(draft.state, seeds=draft.state.seeds - {item_id})
    if not draft.state.seeds:
        draft.emit(Disarm(Deadline.ITEMS_ANSWER))
        serve(draft)


def settings_refused(draft: Draft, refusal: Refused) -> None:
    """The first settings, or the conversation that they bring, cannot be used upstream."""
    where = f", field {refusal.param}" if refusal.param else ""
    advice = f"The upstream refused the settings ({refusal.code or 'no code'}{where}); correct them."
    problem = problem_of(refusal, Cause.SETTINGS_REFUSED, advice)
    if draft.state.policy.refused_settings is RefusedSettings.END or draft.state.seeds:
        end(draft, Ending.CLIENT_FAULT, problem)
        return
    draft.emit(Failed(problem))
    corrected = next((held for held in draft.state.early if isinstance(held, ConfigureSession)), None)
    early = tuple(held for held in draft.state.early if held is not corrected)
    draft.state = evolve(draft.state, settings=None, early=early)
    reach(draft, Milestone.SETTINGS_REFUSED)
    if corrected is not None:
        accept_settings(draft, corrected)


def serve(draft: Draft) -> None:
    """Tell the client that the session is configured, greet, and take up what came too early, in its order."""
    if draft.state.phase is Phase.RENEWING:
        renewed(draft)
        return
    settings = draft.state.settings
    reach(draft, Milestone.SETTINGS_CONFIRMED)
    draft.emit(SessionConfigured())
    draft.emit(*(Warned(notice) for notice in (settings.notices if settings else ())))
    greet(draft, settings.greeting if settings else "")


def renewed(draft: Draft) -> None:
    """The session serves again, and the client need not know that it did not."""
    reach(draft, Milestone.RESTORED)
    draft.emit(Note("upstream.renewed"), Arm(Deadline.STEADY))
    user_waits(draft)
    if draft.state.floor is Floor.USER:
        draft.emit(Arm(Deadline.FLOOR))


def greet(draft: Draft, greeting: str) -> None:
    """Say what the agent says first, if it says anything."""
    if not greeting:
        return
    match draft.state.policy.greeting:
        case Greeting.SPOKEN:
            owe(draft, Due(DueKind.GREETING, say=greeting))
        case Greeting.WRITTEN:
            draft.emit(ConversationLine(Role.ASSISTANT, greeting), AgentFinishedSpeaking())


def confirmed_unasked(draft: Draft) -> None:
    """An update is in force that nobody sent: where the policy says so, that is as good as settings."""
    if draft.state.policy.readiness is Readiness.SETTINGS:
        return
    if draft.state.upstream is Upstream.DIALLING:
        upstream_ready(draft, UpstreamReady())
    if draft.state.phase is Phase.AWAITING_SETTINGS:
        reach(draft, Milestone.CONFIRMED_UNASKED)


# --- what comes too early -------------------------------------------------------------------------------------------


def too_early(draft: Draft, message: ClientMessage) -> None:
    """The client has not said what session it wants."""
    match draft.state.policy.before_settings:
        case BeforeSettings.REFUSED:
            advice = "The first message of a session is Settings; send it before anything else."
            end(draft, Ending.CLIENT_FAULT, Problem(Cause.NOT_CONFIGURED, advice))
        case BeforeSettings.HELD:
            hold(draft, message)


def hold(draft: Draft, message: ClientMessage | FunctionDone) -> None:
    """Keep a message until the session serves, in order; a client that sends too much is not read meanwhile."""
    state, bounds = draft.state, draft.state.bounds
    size, count = state.early_bytes + weight(message), state.early_count + 1
    draft.state = evolve(state, early=(*state.early, message), early_bytes=size, early_count=count)
    if size > bounds.early_bytes or count > bounds.early_messages:
        pause(draft, Pause.EARLY)
    # What was read before the pause took hold is small; more than that is a client that cannot be paused.
    if size > 4 * bounds.early_bytes or count > 4 * bounds.early_messages:
        advice = "Too much was sent before the session was configured; wait for SettingsApplied."
        end(draft, Ending.CLIENT_FAULT, Problem(Cause.TOO_MANY_WAITING, advice))


def weight(message: ClientMessage | FunctionDone) -> int:
    """The bytes or characters that a waiting message keeps in memory, roughly."""
    match message:
        case UserAudio(pcm):
            return len(pcm)
        case UserText(text):
            return len(text)
        case ToolResult(output=output):
            return len(output)
        case FunctionDone(output=output):
            return len(output or "")
        case UpdateSession(_, ReplaceConfig(config)):
            return len(config.instructions) + sum(len(tool.parameters) for tool in config.tools)
        case UpdateSession(_, ReplaceThinking(instructions, tools)):
            return len(instructions) + sum(len(tool.parameters) for tool in tools)
        case UpdateSession(_, AppendInstructions(text)):
            return len(text)
        case _:
            return 64


# --- flow -----------------------------------------------------------------------------------------------------------


def pause(draft: Draft, why: Pause) -> None:
    """Do not read the client, for this reason and maybe others."""
    if not draft.state.paused:
        draft.emit(PauseClient())
    draft.state = evolve(draft.state, paused=draft.state.paused | {why})


def resume(draft: Draft, why: Pause) -> None:
    """This reason not to read the client is gone."""
    if draft.state.paused == {why}:
        draft.emit(ResumeClient())
    draft.state = evolve(draft.state, paused=draft.state.paused - {why})


def upstream_congested(draft: Draft, _: UpstreamCongested) -> None:
    """What the client sends has nowhere to go."""
    pause(draft, Pause.UPSTREAM)
    draft.emit(Arm(Deadline.UPSTREAM_FLOW))


def upstream_relieved(draft: Draft, _: UpstreamRelieved) -> None:
    """The upstream takes data again."""
    draft.emit(Disarm(Deadline.UPSTREAM_FLOW))
    resume(draft, Pause.UPSTREAM)
