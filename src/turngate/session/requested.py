"""
Updates that a client asked for, as an onlooker recognises them in what is sent.

Responsible for how far each has come: asked for, on its way, confirmed, answered. It belongs to the judge in
``invariants.py``, and shares no code with the rules.

Must not know: :class:`turngate.session.state.State`, the rules.
"""

from enum import Enum

from attrs import frozen

from turngate.evolving import evolve
from turngate.session import messages as m


class PromiseBrokenError(AssertionError):
    """A promise was broken; the text starts with its number in ``docs/design/promises.md``."""


def require(held: bool, promise: str, otherwise: str) -> None:
    """Raise unless a promise held."""
    if not held:
        raise PromiseBrokenError(f"{promise}: {otherwise}")


class Stage(Enum):
    """How far a requested update has come."""

    REQUESTED = "requested"
    CARRIED = "on its way"
    CONFIRMED = "confirmed by the upstream"
    SETTLED = "answered"


@frozen
class Requested:
    """An update that the client asked for."""

    kind: m.UpdateKind
    changes: tuple[m.Change, ...]
    """How it is recognised in what is sent: by its own change, or by a later one that has replaced it."""
    stage: Stage = Stage.REQUESTED
    config: m.SessionConfig | None = None
    """What the session is to be configured to, where the update says all of it."""

    def carried_by(self, config: m.SessionConfig | None) -> "Requested":
        """This update after a configuration was sent that may hold it."""
        carried = config is not None and any(holds(config, change) for change in self.changes)
        return evolve(self, stage=Stage.CARRIED) if carried and self.stage is Stage.REQUESTED else self

    def after(self, later: m.Change) -> "Requested":
        """This update after a later one was asked for, which may replace it."""
        # also one that is on its way: it may be refused, and be sent again together with the later one
        return evolve(self, changes=(*self.changes, later)) if replaces(later, self.changes[0]) else self


def holds(config: m.SessionConfig, change: m.Change) -> bool:
    """Whether what a change asks for is in a configuration; later changes may have added to it."""
    match change:
        case m.AppendInstructions(text):
            return text in config.instructions
        case m.ReplaceThinking(instructions, tools, effort):
            return config.instructions.startswith(instructions) and (tools, effort) == (config.tools, config.effort)
        case m.ChangeSpeaking(voice, speed):
            return voice in (m.KEEP, config.voice) and speed in (m.KEEP, config.speed)
        case m.ChangeHearing(language, keyterms, turn_end):
            asked = ((language, config.language), (keyterms, config.keyterms), (turn_end, config.turn_end))
            return all(wanted in (m.KEEP, given) for wanted, given in asked)
        case m.ReplaceConfig(m.SessionConfig(instructions)):
            return config.instructions.startswith(instructions)


def replaces(later: m.Change, earlier: m.Change) -> bool:
    """Whether nothing need be left of a change after a later one."""
    match later:
        case m.ReplaceConfig():
            return True
        case m.ReplaceThinking():
            return isinstance(earlier, m.AppendInstructions | m.ReplaceThinking)
        case m.ChangeSpeaking() | m.ChangeHearing():
            return type(later) is type(earlier)
        case m.AppendInstructions():
            return False


def moved(updates: tuple[Requested, ...], stage: Stage, to: Stage) -> tuple[Requested, ...]:
    """The updates, with those of one stage moved to another."""
    return tuple(evolve(u, stage=to) if u.stage is stage else u for u in updates)


def settled(updates: tuple[Requested, ...], kind: m.UpdateKind, stage: Stage) -> tuple[Requested, ...]:
    """The updates, with the first of a kind settled, which must have come to that stage."""
    for index, update in enumerate(updates):
        if update.kind is kind and update.stage is stage:
            return (*updates[:index], evolve(update, stage=Stage.SETTLED), *updates[index + 1 :])
    raise PromiseBrokenError(f"A2: an update of the {kind.value} was answered that is not {stage.value}")
