"""
What became of everything that a client asked for.

It is judged by what the client was told and by what the simulator did, and by nothing that the rules know.
"""

from collections import Counter
from enum import Enum

from callers import ACKNOWLEDGED, Kind, Turn
from links import Fault
from world import Call, World

from turngate.proxy.session import DEEPGRAM_PATH
from turngate.simulator.items import Author, Message, Text


class Fate(Enum):
    """What became of a turn."""

    ANSWERED = "answered"
    SHARED = "answered together with one that was reported lost"
    CUT = "cut by the user"
    REPORTED = "reported lost"
    UNHEARD = "spoken to an upstream that stalled unnoticed"
    TWICE = "answered twice"
    SILENT = "lost in silence"


BROKEN = (Fate.TWICE, Fate.SILENT)


class Course(Enum):
    """What became of a session."""

    HELD = "held"
    ENDED = "ended"


def fate(call: Call, turn: Turn) -> Fate:
    """What became of one turn."""
    caller = call.caller
    answers = caller.answers(turn)
    if answers > 1:
        return Fate.TWICE
    if answers:
        return Fate.ANSWERED
    if any(other.at < turn.at and caller.has_answer(other, since=turn.at) for other in caller.turns):
        return Fate.SHARED
    if caller.reports(turn.at) or caller.of("Error"):
        return Fate.REPORTED
    if turn.may_be_cut:
        return Fate.CUT
    # nobody but the upstream knows what is speech
    unheard = not caller.of("UserStartedSpeaking", turn.at)
    stalled = Fault.STALL in call.trunk.happened or (Fault.HOLE in call.trunk.happened and unheard)
    if turn.kind is Kind.SPOKEN and stalled:
        return Fate.UNHEARD
    return Fate.SILENT


def fates(call: Call) -> Counter[Fate]:
    """What became of all turns."""
    return Counter(fate(call, turn) for turn in call.caller.turns)


def course(call: Call) -> Course:
    """Whether the session held until its client left."""
    return Course.HELD if call.ending == "client_left" else Course.ENDED


def faults_of(world: World, call: Call) -> list[str]:
    """Everything that may not be."""
    return [*lost_or_repeated(call), *unacknowledged(call), *wrong_upstream(world, call)]


def lost_or_repeated(call: Call) -> list[str]:
    """Turns that were answered twice or lost in silence, and a session that ended so."""
    found = {turn.token: fate(call, turn) for turn in call.caller.turns}
    problems = [f"{token!r} was {what.value}" for token, what in found.items() if what in BROKEN]
    if course(call) is Course.ENDED and not call.caller.of("Error"):
        problems.append(f"the session ended ({call.ending}) without an Error")
    return problems


def unacknowledged(call: Call) -> list[str]:
    """Updates that were acknowledged more than once, or neither acknowledged nor reported."""
    caller, problems = call.caller, []
    for kind, name in ACKNOWLEDGED.items():
        asked = [update for update in caller.updates if update.kind == kind]
        answers = len(caller.of(name))
        excused = asked and (course(call) is Course.ENDED or caller.reports(asked[0].at))
        if answers > len(asked) or (answers < len(asked) and not excused):
            problems.append(f"{name} came {answers} times for {len(asked)}")
    return problems


def wrong_upstream(world: World, call: Call) -> list[str]:
    """What the simulator was sent that it should not have been."""
    problems = []
    counters = world.simulator.counters
    if counters.malformed:
        problems.append(f"{counters.malformed} frames went upstream that cannot be read")
    # an error that is not true may be believed, and a component's upstream begins responses of its own
    lied = Fault.ERROR_NAMED in call.trunk.happened
    if counters.active_response_refusals and call.path == DEEPGRAM_PATH and not lied:
        problems.append(f"{counters.active_response_refusals} requests were refused for an active response")
    for session in call.trunk.sessions:
        written = Counter(words for item in session.items for words in written_words(item))
        problems += [f"{words!r} is {n} times in a conversation" for words, n in written.items() if n > 1]
    return problems


def written_words(item: object) -> list[str]:
    """What the user wrote, where this is a written turn."""
    if isinstance(item, Message) and item.author is Author.USER:
        return [part.text for part in item.parts if isinstance(part, Text)]
    return []
