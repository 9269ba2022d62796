"""
What an onlooker knows of a session, and what it learns from what happens.

Responsible for what each message means, by the definitions alone: what is outstanding, active, owed, and what of it is
over when an upstream session is. It belongs to the judge in ``invariants.py``, and shares no code with the rules.

Must not know: :class:`turngate.session.state.State`, what may be done about any of it.
"""

from enum import Enum
from typing import Final, Self

from attrs import frozen

from turngate.evolving import evolve
from turngate.session import messages as m
from turngate.session.capabilities import OPENAI, Capabilities, SecondCreate
from turngate.session.requested import Requested, Stage, moved


class Sent(Enum):
    """Which gated send is outstanding."""

    UPDATE = "session.update"
    CREATE = "response.create"


GREETING: Final = "greeting"
"""Stands for a response where the agent greets in writing."""
UNTOLD_ENDS: Final = frozenset({m.Deadline.OUTPUT_END, m.Deadline.CANCEL_ANSWER})
"""What ends responses of an upstream that never says so."""


@frozen
class Witness:
    """What an onlooker knows of a session, and learns from what happens in it."""

    capabilities: Capabilities = OPENAI
    """What the upstream is known to do otherwise than the API."""
    outstanding: tuple[Sent, str] | None = None
    proposed: m.SessionConfig | None = None
    """What the latest update asked for."""
    confirmed: m.SessionConfig | None = None
    """What the upstream confirmed last."""
    seeds: frozenset[str] = frozenset()
    """Items of the earlier conversation that the upstream has not confirmed."""
    active: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    """Responses that were active when the user began to speak."""
    spoken: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()
    told: frozenset[tuple[str, str]] = frozenset()
    """Items of whose audio the client was told, with their responses."""
    cut: frozenset[m.Heard] = frozenset()
    """What the client has not heard to its end, and what stands in the conversation all the same."""
    trimmed: frozenset[str] = frozenset()
    """Items of which something was taken out of the conversation, or all."""
    replaced: frozenset[str] = frozenset()
    """Items in whose place stands what the agent was given to say."""
    written: frozenset[str] = frozenset()
    """Responses that have put out text."""

    opened: bool = False
    settled_once: bool = False
    """Settings came that were not refused."""
    configured: bool = False
    over: bool = False
    leaves: bool = False
    """It is to end when nothing is under way."""
    used_up: m.Cap | None = None
    """What it has used up, so that it is to ask for nothing more."""
    away: bool = False
    """The client was cut off, and is waited for."""
    dialled: bool = False
    renewing: bool = False
    """Another upstream session takes the place of one, and what was is not restored yet."""
    recalls: bool = False
    """What was said is about to be recalled, before anything else happens."""
    late: bool = False
    """An update came too late for the upstream session, and another was asked for."""
    awaits_next: bool = False
    """Another upstream session was asked for, beside the one that serves."""
    user_speaks: bool = False
    end_asked: bool = False
    """The client ended the user's turn while the session was being restored."""
    appended_bytes: int = 0
    """Audio since the last commit, up to what matters."""
    has_committed: bool = False
    committing: str = ""
    """The commit that is outstanding."""

    updates: tuple[Requested, ...] = ()
    owed: frozenset[str] = frozenset()
    """Items, and responses that called tools, that wait for an answer."""
    asked: frozenset[str] = frozenset()
    """The same, for which the outstanding create asks."""
    refused: frozenset[str] = frozenset()
    """The same, for which the create asked that was refused in this step; owed again unless the client is told."""
    answering: frozenset[tuple[str, str]] = frozenset()
    """Active responses of ours, each with what it is to answer."""
    calling: frozenset[str] = frozenset()
    """Responses that have made a call."""
    withdrawn: frozenset[str] = frozenset()
    """What responses were to answer that came to nothing, so that it may be asked for again."""
    heard: frozenset[str] = frozenset()
    """What of those was said aloud."""
    texts: tuple[str, ...] = ()
    """What the user wrote that is not yet in the conversation."""
    lines: tuple[str | None, ...] = ()
    """What the agent was asked to say, and is not yet asked to."""
    announced: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    open_calls: frozenset[tuple[str, str]] = frozenset()
    armed: frozenset[m.Deadline] = frozenset()

    # --- what happened ----------------------------------------------------------------------------------------------

    def meant(self, message: m.Message | None) -> m.Message | None:
        """What a message means where the upstream leaves something out."""
        match message:
            case m.DeadlinePassed(m.Deadline.UPDATE_SILENCE) if self.outstanding and not self.capabilities.acks_update:
                return m.UpdateConfirmed()
            case (
                m.AgentAudioChunk("")
                | m.AgentAudioSegmentEnded("")
                | m.AgentTextStarted("")
                | m.AgentTextEnded("")
                | m.AgentItemEnded("")
            ) if len(self.active) == 1:
                return evolve(message, response_id=next(iter(self.active)))
            case _:
                return message

    def ends_untold(self, message: m.Message | None) -> bool:
        """Whether responses end with this of which the upstream would never say so."""
        if self.capabilities.sends_response_done or not isinstance(message, m.DeadlinePassed):
            return False
        return message.deadline in UNTOLD_ENDS

    def hear(self, message: m.Message) -> Self:
        """What a message means, by the definitions alone."""
        match message:
            case m.UpdateConfirmed() if self.outstanding and self.outstanding[0] is Sent.UPDATE:
                updates = moved(self.updates, Stage.CARRIED, Stage.CONFIRMED)
                return evolve(self, outstanding=None, confirmed=self.proposed, updates=updates)
            case m.UpdateConfirmed() if self.outstanding is None and not self.settled_once:
                # as good as settings, where nobody has sent any
                return evolve(self, configured=True)
            case m.ClientGone(m.Loss.LOST):
                return evolve(self, away=True)
            case m.ClientBack():
                return evolve(self, away=False)
            case m.Drain():
                return evolve(self, leaves=True)
            case m.UsedUp(cap):
                return evolve(self, used_up=self.used_up or cap)
            case m.ItemConfirmed(item_id):
                return evolve(self, seeds=self.seeds - {item_id})
            case m.Refused(event_id) if event_id in self.seeds and self.renewing:
                return evolve(self, seeds=self.seeds - {event_id})
            case m.Recalled(again=again, texts=texts, gone=gone):
                # a turn that stood in the conversation already is added to this one, and one that is gone cannot be
                words = tuple(text for item_id, text in texts if item_id in self.owed | self.withdrawn)
                apart = again | gone | {item_id for item_id, _ in texts}
                owed, withdrawn = self.owed - apart, self.withdrawn - apart
                judge = evolve(self, owed=owed, withdrawn=withdrawn, texts=(*words, *self.texts), recalls=False)
                return judge.said_again(again)
            case m.EndTurn() if self.renewing:
                return evolve(self, end_asked=True)
            case m.NextLost():
                return evolve(self, awaits_next=False, late=False)
            case m.Refused(event_id) if event_id is not None and event_id == self.committing:
                return evolve(self, committing="")
            case m.Refused():
                return self.hear_refusal(message)
            case m.ResponseStarted(response_id, tag, True) if response_id not in self.ended:
                judge = self if response_id in self.active else self.answered_by(response_id, tag)
                gone = frozenset[str]()
                if self.capabilities.second_create is SecondCreate.SUPERSEDES:
                    gone = self.active - {response_id}
                return evolve(judge, active=(self.active | {response_id}) - gone, ended=self.ended | gone)
            case m.AgentTextStarted(response_id) | m.AgentTextEnded(response_id=response_id) if (
                response_id in self.active
            ):
                judge = evolve(self, written=self.written | {response_id})
                last = isinstance(message, m.AgentTextEnded) and message.kind is m.TextKind.LAST
                return judge.after_end(response_id) if last else judge
            case m.ResponseEnded(response_id=response_id, tag=tag, in_conversation=True):
                judge = self if response_id in self.ended else self.answered_by(response_id, tag, is_start=False)
                return judge.after_end(response_id)
            case m.ToolCallCompleted(response_id):
                return evolve(self, calling=self.calling | {response_id})
            case m.SpeechStarted() if self.serves:
                return evolve(self, user_speaks=True)
            case m.SpeechCommitted(item_id) if self.serves and item_id not in self.ended:
                # of turns that nobody names each is another
                named = frozenset({item_id} - {""})
                return evolve(
                    self,
                    user_speaks=False,
                    committing="",
                    owed=self.owed | {item_id},
                    heard=self.heard | {item_id},
                    ended=self.ended | named,
                )
            case m.UserText(text):
                return evolve(self, texts=(*self.texts, text))
            case m.AgentLine(text):
                return evolve(self, lines=(*self.lines, text))
            case m.SpeechCut(heard) if self.configured:
                unfinished = {item for item, response_id in self.told if response_id in self.active}
                known = {item for item, _ in self.told}
                cut = (p for p in heard if p.item_id in unfinished or (p.item_id in known and p.heard_ms < p.told_ms))
                # what the upstream gave no name cannot be taken out by one
                return evolve(self, cut=self.cut | frozenset(part for part in cut if part.item_id))
            case m.UpdateSession(kind, change):
                earlier = tuple(u.after(change) for u in self.updates)
                return evolve(self, updates=(*earlier, Requested(kind, (change,))))
            case m.ConfigureSession(config) if self.settled_once or self.configured:
                change = m.ReplaceConfig(config)
                earlier = tuple(u.after(change) for u in self.updates)
                return evolve(self, updates=(*earlier, Requested(m.UpdateKind.SETTINGS, (change,), config=config)))
            case m.ConfigureSession():
                return evolve(self, settled_once=True)
            case m.DeadlinePassed(m.Deadline.TURN):
                return self.given_up()
            case m.DeadlinePassed(deadline) if self.ends_untold(message):
                gone = self.active if deadline is m.Deadline.OUTPUT_END else self.active & self.cancelled
                return evolve(self, active=self.active - gone, ended=self.ended | gone, armed=self.armed - {deadline})
            case m.DeadlinePassed(deadline):
                speaks = self.user_speaks and deadline is not m.Deadline.FLOOR
                unplaced = self.renewing and deadline is m.Deadline.ITEMS_ANSWER
                return evolve(
                    self,
                    armed=self.armed - {deadline},
                    user_speaks=speaks,
                    awaits_next=self.awaits_next and deadline is not m.Deadline.NEXT_TRY,
                    seeds=frozenset() if unplaced else self.seeds,
                )
            case _:
                return self

    def given_up(self) -> Self:
        """What the user said is owed no answer any more; the results of tools are."""
        return evolve(
            self,
            armed=self.armed - {m.Deadline.TURN},
            owed=self.owed & self.calling,
            asked=self.asked & self.calling,
            withdrawn=self.withdrawn | (self.asked - self.calling),
            texts=(),
        )

    def hear_refusal(self, refusal: m.Refused) -> Self:
        """An error counts only if it names what is outstanding, but for the one exception."""
        if refusal.event_id is not None and not self.capabilities.echoes_metadata:
            # what was taken for the response to our create may not be
            return evolve(self, withdrawn=self.withdrawn | {s for _, s in self.answering}).match_refusal(refusal)
        return self.match_refusal(refusal)

    def match_refusal(self, refusal: m.Refused) -> Self:
        """Whether an error is the answer to what is outstanding."""
        if self.outstanding is None:
            return self
        kind, event_id = self.outstanding
        unnamed = refusal.event_id is None and refusal.active_response and kind is Sent.CREATE
        if refusal.event_id != event_id and not unnamed:
            return self
        if kind is Sent.UPDATE:
            again = moved(self.updates, Stage.CARRIED, Stage.REQUESTED)
            return evolve(self, outstanding=None, updates=again, late=self.late or refusal.voice_locked)
        return evolve(self, outstanding=None, owed=self.owed | self.asked, asked=frozenset(), refused=self.asked)

    def after_end(self, response_id: str) -> Self:
        """A response has ended."""
        return evolve(
            self,
            active=self.active - {response_id},
            ended=self.ended | {response_id},
            answering=frozenset(pair for pair in self.answering if pair[0] != response_id),
        )

    def upstream_gone(self) -> Self:
        """
        The upstream session is lost or left, and another one takes its place.

        What was asked for is owed again; of what was being answered, that of which nobody can have heard anything.
        """
        unheard = self.active - self.spoken - self.written - self.stale - self.cancelled
        again = {source for response_id, source in self.answering if response_id in unheard}
        withdrawn = {source for other, source in self.answering if other not in self.spoken - self.calling}
        return evolve(
            self,
            outstanding=None,
            asked=frozenset(),
            owed=self.owed | self.asked | again,
            answering=frozenset(),
            withdrawn=self.withdrawn | withdrawn,
            active=frozenset(),
            ended=self.ended | self.active,
            updates=moved(self.updates, Stage.CARRIED, Stage.REQUESTED),
            told=frozenset(),
            cut=frozenset(),
            seeds=frozenset(),
            appended_bytes=0,
            has_committed=False,
            committing="",
            renewing=self.configured,
            awaits_next=False,
            late=False,
        )

    def said_again(self, turns: frozenset[str]) -> Self:
        """Spoken turns are sent again as sound; until the upstream has heard their end, the user speaks."""
        by_pause = self.confirmed is not None and isinstance(self.confirmed.turn_end, m.ByPause)
        return evolve(self, user_speaks=self.user_speaks or (bool(turns) and not by_pause))

    def answered_by(self, response_id: str, tag: str | None, *, is_start: bool = True) -> Self:
        """
        A response carries the tag of our create: what it asked for is answered.

        Where the upstream answers speech by itself, one that starts without our tag answers what was said.
        """
        unsaid = tag is None and is_start and not self.capabilities.echoes_metadata
        if self.outstanding == (Sent.CREATE, tag) or (
            unsaid and self.outstanding and self.outstanding[0] is Sent.CREATE
        ):
            answering = self.answering | {(response_id, source) for source in self.asked}
            return evolve(self, outstanding=None, asked=frozenset(), answering=answering)
        config = self.confirmed
        by_itself = config is None or config.starter is m.Starter.UPSTREAM
        if config is not None and not isinstance(config.turn_end, m.ByPause):
            by_itself = by_itself or not self.capabilities.lets_us_start
        if not by_itself or not is_start:
            return self
        if self.renewing:
            # nobody hears of it
            return self
        taken = {(response_id, source) for source in self.owed & self.heard}
        return evolve(self, owed=self.owed - self.heard, answering=self.answering | taken)

    def supersedes(self, message: m.Message | None) -> bool:
        """Whether the responses before it end with the beginning of this one."""
        supersede = self.capabilities.second_create is SecondCreate.SUPERSEDES
        return supersede and isinstance(message, m.ResponseStarted)

    # --- how things stand -------------------------------------------------------------------------------------------

    @property
    def awaits_answer(self) -> bool:
        """Whether something that the user said aloud is owed an answer that is not asked for yet."""
        return bool(self.heard & self.owed)

    @property
    def is_prelude(self) -> bool:
        """Whether what is added to the conversation was said before, and not to this upstream session."""
        return not self.serves

    @property
    def serves(self) -> bool:
        """Whether what the user says, and what the model answers, is passed on."""
        return self.configured and not self.renewing

    @property
    def is_idle(self) -> bool:
        """No response is active, and no gated send is outstanding."""
        return self.outstanding is None and not self.active

    @property
    def busy(self) -> str:
        """Why it is not idle."""
        return f"{self.outstanding[0].value} is outstanding" if self.outstanding else "a response is active"
