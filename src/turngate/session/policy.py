"""
What the rules of a session are given: where client protocols and operators differ, how much may wait, and how long.

Responsible for the choices, each with a default, and for nothing that changes while a session lasts.

Must not know: the state of a session, what follows from a choice; that is in the rules.
"""

from enum import Enum
from typing import Final

from attrs import frozen

from turngate.session.messages import Deadline


class BeforeSettings(Enum):
    """What becomes of a message that comes before the settings."""

    REFUSED = "an error that ends the session"
    HELD = "it waits until the session serves"


class Again(Enum):
    """What becomes of settings that come a second time."""

    REFUSED = "an error that ends the session"
    APPLIED = "an update like any other"
    ACKNOWLEDGED = "an update like any other; while a response is active only acknowledged, and not applied"


class RefusedSettings(Enum):
    """What becomes of a session whose settings the upstream refused."""

    END = "an error that ends the session"
    CORRECTABLE = "an error, and other settings may follow"


class DialAt(Enum):
    """When the upstream is dialled."""

    SETTINGS = "when the settings came"
    CONNECT = "when the client connected"


class Readiness(Enum):
    """What makes a session serve."""

    SETTINGS = "the confirmation of the client's settings"
    ANY_CONFIRMATION = "that, or before settings came a confirmation that nobody asked for"


class Greeting(Enum):
    """How the agent greets."""

    SPOKEN = "aloud, in the conversation"
    WRITTEN = "in writing, to the client alone"


class Placing(Enum):
    """When the answer to a written turn is asked for."""

    WITH_REQUEST = "right behind the turn"
    CONFIRMED = "when the upstream has confirmed the turn"


class Renewal(Enum):
    """What becomes of a session whose upstream session is lost, or may not be longer."""

    ON = "it goes on with another one"
    OFF = "it ends"


class Length(Enum):
    """How long an upstream session may be."""

    UNLIMITED = "as long as it likes"
    LIMITED = "until a limit that is known"


class LateVoice(Enum):
    """What becomes of another voice that comes after the first audio."""

    REFUSED = "it is refused, since the upstream refuses it"
    RENEWS = "the session goes on with another upstream session, which takes it"


class Telling(Enum):
    """How much a client is told."""

    BRIEF = "lines, and the beginning and end of speech"
    DETAILED = "every piece of the user's speech, every output of the agent, every error of the upstream"


class Absence(Enum):
    """What becomes of a session whose client was cut off."""

    ENDS = "it ends"
    LASTS = "it waits for the client for a while"


@frozen
class Policy:
    """Where client protocols differ. The defaults are those of the Deepgram profile."""

    dial_at: DialAt = DialAt.SETTINGS
    before_settings: BeforeSettings = BeforeSettings.REFUSED
    repeated_settings: Again = Again.REFUSED
    refused_settings: RefusedSettings = RefusedSettings.END
    readiness: Readiness = Readiness.SETTINGS
    greeting: Greeting = Greeting.SPOKEN
    placing: Placing = Placing.WITH_REQUEST
    telling: Telling = Telling.BRIEF
    renewal: Renewal = Renewal.ON
    length: Length = Length.UNLIMITED
    late_voice: LateVoice = LateVoice.REFUSED
    absence: Absence = Absence.ENDS
    """Whether clients may come back is the operator's to say; the proxy needs a place where they find their session."""


DEEPGRAM: Final = Policy()
COMPONENT: Final = Policy(
    DialAt.CONNECT,
    BeforeSettings.HELD,
    Again.APPLIED,
    RefusedSettings.CORRECTABLE,
    Readiness.ANY_CONFIRMATION,
    Greeting.WRITTEN,
    Placing.CONFIRMED,
    Telling.DETAILED,
)


@frozen
class Bounds:
    """How much may wait in one session."""

    early_bytes: int = 1024 * 1024
    """What a client sent before the session serves; beyond it the client is not read."""
    early_messages: int = 4096
    waiting_updates: int = 64
    waiting_update_chars: int = 256 * 1024
    waiting_turns: int = 64
    waiting_turn_chars: int = 1024 * 1024
    open_calls: int = 128
    lines: int = 64
    """Lines that wait for an earlier one to be written down."""
    tries: int = 8
    """How often a send is tried that is refused because of a response out of sight."""
    losses: int = 3
    """How many upstream sessions may be lost one after the other, with no answer completed on any of them."""
    remembered_ids: int = 32
    """How many ended responses, answered calls and committed items are remembered, to know duplicates."""


@frozen
class Waits:
    """The seconds of every :class:`~turngate.session.messages.Deadline`."""

    settings_s: float = 10.0
    upstream_ready_s: float = 15.0
    update_answer_s: float = 10.0
    update_silence_s: float = 0.5
    items_answer_s: float = 10.0
    create_answer_s: float = 10.0
    retry_s: float = 0.5
    response_silence_s: float = 30.0
    output_end_s: float = 0.3
    cancel_answer_s: float = 5.0
    tool_results_s: float = 60.0
    tool_patience_s: float = 3.0
    floor_s: float = 60.0
    turn_s: float = 120.0
    transcript_s: float = 2.0
    own_start_s: float = 3.0
    placing_s: float = 5.0
    commit_pause_s: float = 0.4
    commit_cap_s: float = 0.6
    commit_latest_s: float = 15.0
    commit_answer_s: float = 10.0
    upstream_flow_s: float = 10.0
    limit_near_s: float = 3300.0
    """Since the upstream session began."""
    limit_s: float = 270.0
    """Since its limit came near."""
    next_try_s: float = 15.0
    steady_s: float = 60.0
    client_return_s: float = 30.0

    def of(self, deadline: Deadline) -> float:
        """The seconds of ``deadline``."""
        seconds: float = getattr(self, f"{deadline.name.lower()}_s")
        return seconds
