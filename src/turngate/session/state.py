"""
What a session knows, as one frozen value.

Responsible for the shape of :class:`State`. It can be printed, compared and hashed, so that the model in the tests can
walk through every reachable one.

Must not know: how a state comes about; that is ``rules.py``. What the rules are given stands in ``policy.py``.
"""

from enum import Enum

from attrs import field, frozen

from turngate.evolving import evolve
from turngate.session.capabilities import OPENAI, Capabilities
from turngate.session.machines import Floor, Gate, Phase, Presence
from turngate.session.messages import (
    AgentTextEnded,
    Cap,
    ClientMessage,
    ConfigureSession,
    ConversationLine,
    Effect,
    Endpoint,
    FunctionDone,
    Heard,
    Problem,
    SessionConfig,
    ToolCall,
    UpdateSession,
)
from turngate.session.policy import DEEPGRAM, Bounds, Policy


class Term(Enum):
    """How long the upstream session may still be."""

    AMPLE = "there is time"
    NEAR = "it is to be left soon"


class Upstream(Enum):
    """The upstream connection, as far as the rules care."""

    UNDIALLED = "not dialled"
    DIALLING = "dialling"
    AWAITED = "to be dialled again in a while"
    READY = "ready"


class Next(Enum):
    """The connection to which the session is to move."""

    NONE = "not wanted"
    AWAITED = "to be dialled again in a while"
    DIALLING = "dialling"
    READY = "ready"


class Restoring(Enum):
    """What is to be restored next on another upstream session."""

    SETTINGS = "the settings"
    CONVERSATION = "the conversation"


class Voice(Enum):
    """What the client has heard of a response."""

    SILENT = "nothing yet"
    SPEAKING = "it is being heard"
    CUT = "it was heard and then cut off"
    UNHEARD = "it was cut off before it was heard"
    READ = "it was read to its end, and no sound of it is to follow"


@frozen
class Spoken:
    """An item of the agent's speech of which the client was told, and which it may not have heard to its end."""

    item_id: str
    response_id: str


@frozen
class Record:
    """A line of the agent of which it is not known yet how much was heard."""

    item_id: str
    text: str = field(repr=False)
    said_otherwise: bool = False
    """Whether the model said it in words of its own, so that the upstream's conversation does not hold these."""


@frozen
class Line:
    """Something that the client is told of the conversation, in its place among the others."""

    item_id: str
    effect: ConversationLine | None = field(default=None, repr=False)
    """``None`` keeps the place for the user's speech, which is still being written down."""


class Finish(Enum):
    """Whether the client was told of the end of a response's output before the response has ended."""

    UNTOLD = "not yet"
    TOLD = "told"


class Course(Enum):
    """Whether a response still runs freely."""

    RUNNING = "running"
    CANCELLING = "cancelling"


class DueKind(Enum):
    """What a response is owed to."""

    GREETING = "the greeting"
    TEXT = "a written turn of the user"
    SPEECH = "a spoken turn of the user"
    TOOLS = "the results of tool calls"
    LINE = "a line that the client asked for"


@frozen
class Due:
    """An answer that is owed; ``source`` is the item (or, for tools, the response) that it is owed to."""

    kind: DueKind
    source: str = ""
    say: str | None = None
    text: str | None = field(default=None, repr=False)
    """What the user wrote, until it is in the conversation."""


@frozen
class Response:
    """A response in the conversation that has started and not ended."""

    response_id: str
    due: tuple[Due, ...] = ()
    """What it answers; empty for one that we did not ask for."""
    voice: Voice = Voice.SILENT
    course: Course = Course.RUNNING
    calls: tuple[ToolCall, ...] = ()
    written: tuple[str, ...] = ()
    """Items whose text has come."""
    told: tuple[str, ...] = ()
    """Items of whose audio the client was told."""
    cut: tuple[Heard, ...] = ()
    """Items that were cut off while they were heard."""
    amended: tuple[Record, ...] = ()
    """Lines that were heard to their end and are to stand in other words than the model's."""
    held: tuple[AgentTextEnded, ...] = field(default=(), repr=False)
    """Texts that wait for their item to be complete."""
    heard: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """What was heard of items that were cut off, in words, where the upstream has to be told them."""
    finish: Finish = Finish.UNTOLD
    presumed: str = ""
    """The create that it was taken to answer without saying so; should that be refused, it answers another."""

    @property
    def words(self) -> str | None:
        """The words that it was given to speak, if it was."""
        return next((due.say for due in self.due if due.say is not None), None)


class Late(Enum):
    """Whether an update came too late for the upstream session."""

    NO = "not that we know"
    YES = "another upstream session has to take it"


@frozen
class WaitingUpdate:
    """An update that waits at the gate."""

    update: UpdateSession
    alone: bool = False
    """Its batch was refused, so that it is tried by itself, to tell which part was at fault."""
    late: Late = Late.NO
    lacks: Problem | None = None
    """What the client is told when it is in force, where a part of it was refused and is left out."""


@frozen
class SentUpdate:
    """The ``session.update`` that is outstanding, and the updates that it carries."""

    event_id: str
    config: SessionConfig
    carries: tuple[WaitingUpdate, ...]


@frozen
class SentCreate:
    """The ``response.create`` that is outstanding, and what it is to answer."""

    event_id: str
    due: tuple[Due, ...]
    course: Course = Course.RUNNING
    """Whether its response is to be stopped as soon as it starts."""


@frozen
class OpenCall:
    """A tool call that the client was asked for and has not answered."""

    call: ToolCall
    response_id: str
    endpoint: Endpoint | None = None
    """Where the proxy calls it; ``None`` where the client was asked."""


class Patience(Enum):
    """Whether a waiting turn of the user still gives way to open tool calls."""

    UNTRIED = "nobody waits"
    WAITING = "a turn waits for the results"
    OVER = "the user is answered without them"


class Commit(Enum):
    """When audio is committed that the upstream finds no turns in."""

    NOT_YET = "there is too little"
    SOON = "there is enough, and more may come"
    WHEN_QUIET = "as soon as it is quiet"
    MISSED = "when the response has ended that is in the way"


@frozen
class Manual:
    """The user's audio since the last commit, where the proxy commits."""

    waiting_bytes: int = 0
    quiet_bytes: int = 0
    """How much of it was quiet at the end, up to what matters."""
    commit: Commit = Commit.NOT_YET
    has_committed: bool = False
    sent: str = ""
    """The event of the last commit, which may be refused."""


class Pause(Enum):
    """Why the client is not read."""

    EARLY = "too much waits for the session to serve"
    UPSTREAM = "the upstream takes no more"


class Stay(Enum):
    """How long the session goes on by itself."""

    STAYS = "until something ends it"
    LEAVES = "until nobody speaks and nothing is under way"


@frozen
class State:
    """All that the rules know about a session."""

    session_id: str = field(eq=False, repr=False)
    """Also what the client shows to come back; hence in no text about a state."""
    policy: Policy = field(default=DEEPGRAM, eq=False)
    bounds: Bounds = field(factory=Bounds, eq=False)
    capabilities: Capabilities = field(default=OPENAI, eq=False)
    """What the upstream does otherwise than the API."""
    phase: Phase = Phase.AWAITING_SETTINGS
    gate: Gate = Gate.OPEN
    floor: Floor = Floor.FREE
    presence: Presence = Presence.HERE
    upstream: Upstream = Upstream.UNDIALLED
    next: Next = Next.NONE
    term: Term = Term.AMPLE
    restoring: Restoring = Restoring.SETTINGS
    losses: int = 0
    """How many upstream sessions were lost since an answer was completed on one."""

    settings: ConfigureSession | None = None
    """The settings in force, or on their way to be."""
    confirmed: SessionConfig | None = None
    """What the upstream confirmed last."""
    seeds: frozenset[str] = frozenset()
    """Context items that the upstream has not confirmed yet."""
    early: tuple[ClientMessage | FunctionDone, ...] = ()
    early_bytes: int = 0
    early_count: int = 0
    """How many of those the client sent since it was last served; what is sent again for it is not among them."""
    paused: frozenset[Pause] = frozenset()

    updates: tuple[WaitingUpdate, ...] = ()
    parked: tuple[WaitingUpdate, ...] = ()
    """Updates that only another upstream session takes, and those that they would undo, in order."""
    sent_update: SentUpdate | None = None
    sent_create: SentCreate | None = None
    tries: int = 0
    responses: tuple[Response, ...] = ()
    due: tuple[Due, ...] = ()

    playing: tuple[Spoken, ...] = ()
    """What the client is hearing, the oldest first; of ended responses too."""
    copies: tuple[tuple[str, str], ...] = ()
    """Items of an earlier upstream session that may still be heard, each with what stands for it now, if anything."""
    records: tuple[Record, ...] = ()
    lines: tuple[Line, ...] = ()
    """Lines that wait for what the user said before them to be written down."""
    longest: str | None = None
    """The turn of the user for whose answer is waited, if any; others may wait beside it."""
    expected: tuple[Due, ...] = ()
    """Spoken turns that the upstream is to answer by itself."""
    placing: frozenset[str] = frozenset()
    """Written turns that the upstream has not confirmed yet."""
    manual: Manual = Manual()
    later: Problem | None = None
    """An error of the upstream that is told when the response has ended that is active."""

    calls: tuple[OpenCall, ...] = ()
    patience: Patience = Patience.UNTRIED
    past: tuple[str, ...] = ()
    """Ids of ended responses, announced calls and committed items, the newest last."""
    sent: int = 0
    """How many event ids were given out."""
    stay: Stay = Stay.STAYS
    used_up: Cap | None = None
    """The cap that was reached."""

    def response(self, response_id: str) -> Response | None:
        """The active response of that id, if there is one; no id means the only one."""
        if not response_id and len(self.responses) == 1:
            return self.responses[0]
        for response in self.responses:
            if response.response_id == response_id:
                return response
        return None


class Draft:
    """One step in the making: the state so far, and the effects so far. It never outlives the step."""

    __slots__ = ("effects", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.effects: list[Effect] = []

    def emit(self, *effects: Effect) -> None:
        """Ask for something, after all that was asked for before."""
        self.effects.extend(effects)

    def fresh_id(self) -> str:
        """An id for an event or an item, unique within the session; an item and the event that adds it share one."""
        self.state = evolve(self.state, sent=self.state.sent + 1)
        return f"tg_{self.state.sent}"

    def remember(self, identifier: str) -> None:
        """Know a duplicate of this id for a while."""
        self.state = evolve(self.state, past=(*self.state.past, identifier)[-self.state.bounds.remembered_ids :])

    def replace(self, response: Response) -> None:
        """Put a changed response in the place of the one with its id."""
        self.state = evolve(
            self.state,
            responses=tuple(response if r.response_id == response.response_id else r for r in self.state.responses),
        )
