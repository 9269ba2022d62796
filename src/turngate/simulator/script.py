"""
Faults on demand: what a hostile or broken Realtime server does, and when.

Responsible for the words in which a test writes a script, and for choosing, event by event, what happens. A script is
a value; the same script and seed choose the same faults.

Must not know: sessions, sockets, clocks. :mod:`turngate.simulator.unruly` carries out what is chosen here.

Comes from: tests, and ``--chaos``. Goes to: ``simulator/unruly.py``.

    Script(
        (
            OnServer("response.created", Delay(2.0)),
            OnClient("session.update", ReplaceWithError("server_error", with_event_id=False), nth=2),
        )
    )
"""

from collections import Counter
from enum import Enum
from typing import Final, TypeAlias

from attrs import field, frozen
from attrs.validators import ge, le

from turngate.simulator.ids import Ids

ANY: Final = "*"
"""The type that stands for every type."""


@frozen
class Delay:
    """This event, and all after it in its direction, waits so long; the order stays."""

    seconds: float


@frozen
class Drop:
    """The event is lost."""


@frozen
class Duplicate:
    """The event comes twice."""


@frozen
class Reorder:
    """The event comes after the next one in its direction."""


@frozen
class ReplaceWithError:
    """
    An ``error`` is sent in the place of the event; a client event that is replaced is not acted on.

    Where ``with_event_id`` is false, or the client gave its event no id, the error names none.
    """

    code: str | None = "server_error"
    message: str = "The server had an error while processing your request."
    with_event_id: bool = True


@frozen
class RawText:
    """This text frame, whatever it is, is sent in the place of a server event, or in answer to a client's."""

    text: str


@frozen
class Close:
    """The connection is closed in the place of the event."""

    code: int = 1011
    reason: str = ""


@frozen
class Abort:
    """The connection is dropped in the place of the event, with no close frame."""


@frozen
class Stall:
    """From this event on nothing is sent and nothing is acted on; the connection stays open."""


@frozen
class StripMetadata:
    """The event comes without ``response.metadata``, as from servers that do not echo it."""


@frozen
class MakeResponse:
    """Before the event is acted on, or sent, the server makes a response of its own, as its VAD would."""


@frozen
class FailResponse:
    """After the event the active response ends with this status."""

    status: str = "failed"
    code: str = "server_error"


Fault: TypeAlias = (
    Delay
    | Drop
    | Duplicate
    | Reorder
    | ReplaceWithError
    | RawText
    | Close
    | Abort
    | Stall
    | StripMetadata
    | MakeResponse
    | FailResponse
)


class Direction(Enum):
    """Who sent an event."""

    CLIENT = "client"
    SERVER = "server"


@frozen
class OnClient:
    """Do this at the n-th client event of a type, counted from 1 in each session; ``None`` is at every one."""

    type: str
    fault: Fault
    nth: int | None = 1


@frozen
class OnServer:
    """Do this at the n-th server event of a type, counted from 1 in each session; ``None`` is at every one."""

    type: str
    fault: Fault
    nth: int | None = 1


Rule: TypeAlias = OnClient | OnServer

_CHAOS_SERVER: Final[tuple[Fault, ...]] = (
    Delay(0.2),
    Delay(2.0),
    Drop(),
    Duplicate(),
    Reorder(),
    ReplaceWithError(with_event_id=False),
    RawText('{"type":"response.of_another_world","event_id":"event_x"}'),
    StripMetadata(),
    MakeResponse(),
    FailResponse(),
)
_CHAOS_CLIENT: Final[tuple[Fault, ...]] = (
    Delay(0.2),
    Delay(2.0),
    Drop(),
    ReplaceWithError(),
    ReplaceWithError(with_event_id=False),
    ReplaceWithError("conversation_already_has_active_response", with_event_id=True),
    MakeResponse(),
    FailResponse(),
)


@frozen
class Script:
    """What goes wrong. ``chaos`` is the chance, from 0 to 1, that an event without a rule meets a random fault."""

    rules: tuple[Rule, ...] = ()
    chaos: float = field(default=0.0, validator=[ge(0.0), le(1.0)])


class Faults:
    """A script at work in one session: asked once for every event."""

    def __init__(self, script: Script, ids: Ids) -> None:
        self._script = script
        self._ids = ids
        self._seen: Counter[tuple[Direction, str]] = Counter()

    def next(self, direction: Direction, event_type: str) -> Fault | None:
        """Count an event and say what goes wrong with it, if anything; the first rule that fits decides."""
        self._seen[direction, event_type] += 1
        self._seen[direction, ANY] += 1
        side = OnClient if direction is Direction.CLIENT else OnServer
        for rule in self._script.rules:
            fits = isinstance(rule, side) and rule.type in {event_type, ANY}
            if fits and rule.nth in {None, self._seen[direction, rule.type]}:
                return rule.fault
        if self._script.chaos and self._ids.chance() < self._script.chaos:
            choices = _CHAOS_CLIENT if direction is Direction.CLIENT else _CHAOS_SERVER
            return choices[int(self._ids.chance() * len(choices))]
        return None
