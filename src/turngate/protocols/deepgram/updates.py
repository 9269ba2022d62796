"""
What the ``Update*`` messages ask for, in the words of the session.

Responsible for what of each can change in a running session, for refusing one as a whole whose field cannot be used,
and for naming what has no effect. An update that would change nothing is answered with why, and is no update.

Must not know: when a change may go upstream, whether it will be taken.

Comes from: ``face.py``, with the bytes of the message. Goes to: the session (``UpdateSession``), or the client
(``UnsupportedRequest``, which is answered with a ``Warning``).
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from turngate.protocols.deepgram.client_events import UpdateListen, UpdatePrompt, UpdateSpeak, UpdateThink
from turngate.protocols.deepgram.hearing import hearing, known_language
from turngate.protocols.deepgram.ignored import below, ignored_notices, ignored_paths
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings_tree import first
from turngate.protocols.deepgram.speaking import speaking
from turngate.protocols.deepgram.thinking import MAX_PROMPT_CHARS, thinking, too_long
from turngate.session.messages import (
    KEEP,
    AppendInstructions,
    Cause,
    Change,
    ChangeHearing,
    ChangeSpeaking,
    Problem,
    ReplaceThinking,
    UnsupportedRequest,
    UpdateKind,
    UpdateSession,
)

NOTHING: Final = (ChangeSpeaking(), ChangeHearing())
"""What an update asks for of which nothing has an effect."""

Update: TypeAlias = UpdatePrompt | UpdateThink | UpdateSpeak | UpdateListen


def update(event: Update, payload: bytes, maps: Maps, model: str) -> UpdateSession | UnsupportedRequest:
    """
    What an update asks for, or why it is not one.

    Args:
        event: the decoded message.
        payload: the bytes that it was decoded from; fields that are unknown here are named from these.
        maps: the operator's names.
        model: the model of the running session.
    """
    match event:
        case UpdatePrompt(prompt):
            notices = () if len(prompt) <= MAX_PROMPT_CHARS else (too_long("$"),)
            return UpdateSession(UpdateKind.PROMPT, AppendInstructions(prompt[:MAX_PROMPT_CHARS]), notices)
        case UpdateThink(think):
            thought = thinking(first(think), maps, "$.think", model)
            if isinstance(thought, str):
                return _invalid(thought)
            change: Change = ReplaceThinking(thought.prompt, thought.tools, thought.effort)
            return _update(UpdateKind.THINK, change, payload, below("think", thought.taken), thought.notices)
        case UpdateSpeak(speak):
            spoken = speaking(first(speak), maps, "$.speak")
            if isinstance(spoken, str):
                return _invalid(spoken)
            change = ChangeSpeaking(spoken.voice or KEEP, KEEP if spoken.speed is None else spoken.speed)
            return _update(UpdateKind.SPEAK, change, payload, below("speak", spoken.taken))
        case UpdateListen(listen):
            heard = hearing(listen, maps, "$.listen")
            if isinstance(heard, str):
                return _invalid(heard)
            change = ChangeHearing(
                known_language(heard) if heard.language or heard.opens_language else KEEP,
                KEEP if heard.keyterms is None else heard.keyterms,
                heard.turn_end or KEEP,
            )
            return _update(UpdateKind.LISTEN, change, payload, below("listen", heard.taken))


def _update(
    kind: UpdateKind, change: Change, payload: bytes, taken: Iterable[str], notices: tuple[Problem, ...] = ()
) -> UpdateSession | UnsupportedRequest:
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _invalid("A field that is not used here holds what cannot be read; leave it out.")
    paths = ignored_paths(message, ("type", *taken))
    if change in NOTHING:
        return _invalid(f"Nothing in it has an effect here ({', '.join(paths) or 'it is empty'}).")
    return UpdateSession(kind, change, (*ignored_notices(paths), *notices))


def _invalid(detail: str) -> UnsupportedRequest:
    return UnsupportedRequest(Problem(Cause.UPDATE_INVALID, f"The update was not taken: {detail}"))
