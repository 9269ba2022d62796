"""
The agent's speech as the client hears it, and what becomes of it when it is cut off.

Responsible for which items are being heard, for taking out of the conversation what was not, and for the record of
what was said in the end.

Must not know: clocks. How much was heard is reported by whoever sends it.

What was cut off is taken out upstream when its response has ended, for until then more of it may come. An item of which
nothing was heard is deleted, since the API truncates only audio that there is.
"""

from turngate.evolving import evolve
from turngate.session.gate import cancel
from turngate.session.messages import (
    AddLine,
    DeleteItem,
    Heard,
    LineRecorded,
    Note,
    ResponseEnded,
    Role,
    SpeechCut,
    SpeechPlayed,
    TruncateItem,
)
from turngate.session.state import Draft, Finish, Record, Response, Spoken, Voice


def mute(draft: Draft, response: Response) -> None:
    """The client hears no more of a response; what it has read to its end stands."""
    if response.finish is Finish.TOLD and not response.told:
        draft.replace(evolve(response, voice=Voice.READ))
        return
    match response.voice:
        case Voice.SILENT:
            draft.replace(evolve(response, voice=Voice.UNHEARD))
        case Voice.SPEAKING:
            draft.replace(evolve(response, voice=Voice.CUT))
        case Voice.CUT | Voice.UNHEARD | Voice.READ:
            pass


def stop(draft: Draft, response_id: str) -> None:
    """The client hears no more of a response, and the upstream makes no more of it."""
    for change in (mute, cancel):
        response = draft.state.response(response_id)
        if response is not None:
            change(draft, response)


def told(draft: Draft, response: Response, item_id: str) -> None:
    """The client was told the first audio of an item."""
    draft.replace(evolve(response, told=(*response.told, item_id)))
    spoken = Spoken(item_id, response.response_id)
    draft.state = evolve(draft.state, playing=(*draft.state.playing, spoken))


def played(draft: Draft, report: SpeechPlayed) -> None:
    """The client can have heard these items to their end, as far as there was one."""
    for item_id in report.item_ids:
        record(draft, item_id, None)
    rest = tuple(spoken for spoken in draft.state.playing if spoken.item_id not in report.item_ids)
    draft.state = evolve(draft.state, playing=rest)


def cut(draft: Draft, report: SpeechCut) -> None:
    """The client hears no more: what it has not heard is taken out of the conversation, now or at the end."""
    heard = {one.item_id: one for one in report.heard}
    playing = draft.state.playing
    draft.state = evolve(draft.state, playing=())
    for spoken in playing:
        part = heard.get(spoken.item_id)
        words = record(draft, spoken.item_id, part)
        if part is None:
            continue
        copy = dict(draft.state.copies).get(spoken.item_id)
        if copy is not None:
            if copy:
                shorten(draft, copy, words or "")
            continue
        response = draft.state.response(spoken.response_id)
        if response is not None:
            # also one that was heard as far as it was told: more of it may have been made
            draft.replace(evolve(response, cut=(*response.cut, part)))
            heard_of(draft, response.response_id, part.item_id, words)
        elif part.heard_ms < part.told_ms:
            trim(draft, part, words)


def response_ended(draft: Draft, response: Response, ended: ResponseEnded) -> None:
    """Take out of the conversation what the client has not heard of a response that was cut off."""
    for line in response.amended:
        amend(draft, line)
    if response.voice in (Voice.SILENT, Voice.SPEAKING, Voice.READ):
        for item_id in ended.items:
            if item_id not in response.told:
                record(draft, item_id, None)
        return
    cut_off = {part.item_id: part for part in response.cut}
    # what was heard of an item that the upstream did not name may be of any that it names now
    unnamed = "" in cut_off and cut_off[""].heard_ms > 0
    for item_id in dict.fromkeys((*ended.items, *cut_off)):
        if item_id in cut_off:
            trim(draft, cut_off[item_id], dict(response.heard).get(item_id))
        elif item_id not in response.told and not unnamed:
            draft.emit(DeleteItem(draft.fresh_id(), item_id))


def heard_of(draft: Draft, response_id: str, item_id: str, words: str | None) -> None:
    """Keep what was heard of an item, for an upstream that has to be told it in words."""
    response = draft.state.response(response_id)
    if response is not None and words is not None and not draft.state.capabilities.truncates:
        draft.replace(evolve(response, heard=(*response.heard, (item_id, words))))


def trim(draft: Draft, part: Heard, words: str | None) -> None:
    """
    Take out of an item what was not heard of it.

    ``words`` are those that were heard, ``None`` where they are not known. An upstream that cannot cut an item is given
    them in its place; without them the item stays as it is, since an answer that nobody heard of is worse than one that
    was heard in part.
    """
    if not part.item_id:
        # the upstream did not say whose the speech was
        draft.emit(Note("speech.left_untrimmed"))
    elif part.heard_ms <= 0 or (words == "" and not draft.state.capabilities.truncates):
        draft.emit(DeleteItem(draft.fresh_id(), part.item_id))
    elif draft.state.capabilities.truncates:
        draft.emit(TruncateItem(draft.fresh_id(), part.item_id, part.heard_ms))
    elif words is None:
        draft.emit(Note("speech.left_untrimmed"))
    else:
        replace_item(draft, part.item_id, words)


def replace_item(draft: Draft, item_id: str, words: str) -> None:
    """Put these words of the agent in the place of an item."""
    new_id = draft.fresh_id()
    draft.emit(AddLine(new_id, new_id, Role.ASSISTANT, words, after=item_id))
    draft.emit(DeleteItem(draft.fresh_id(), item_id))


def shorten(draft: Draft, copy: str, words: str) -> None:
    """Put what was heard in the place of a line that another upstream session was told in writing."""
    if words:
        replace_item(draft, copy, words)
    else:
        draft.emit(DeleteItem(draft.fresh_id(), copy))


def keep(draft: Draft, line: Record) -> None:
    """Keep a line until it is known how much of it was heard."""
    draft.state = evolve(draft.state, records=(*draft.state.records, line)[-draft.state.bounds.lines :])


def record(draft: Draft, item_id: str, part: Heard | None) -> str | None:
    """
    Say how a line stands in the conversation for good, and give it; ``None`` where no line of that item is known.

    ``part`` is what was heard of it, ``None`` the whole.
    """
    for kept in draft.state.records:
        if kept.item_id == item_id:
            draft.state = evolve(draft.state, records=tuple(one for one in draft.state.records if one is not kept))
            line = kept.text if part is None else heard_part(kept.text, part)
            draft.emit(LineRecorded(Role.ASSISTANT, line, item_id))
            if part is None and kept.said_otherwise:
                amend(draft, kept)
            return line
    return None


def amend(draft: Draft, line: Record) -> None:
    """The conversation is to hold the words that were given, in their place; when the response has ended."""
    for response in draft.state.responses:
        if line.item_id in response.told:
            draft.replace(evolve(response, amended=(*response.amended, line)))
            return
    replace_item(draft, line.item_id, line.text)


def heard_part(text: str, part: Heard) -> str:
    """The beginning of a text that was heard, in whole words, as if every character took the same time."""
    if part.heard_ms <= 0:
        return ""
    if part.heard_ms >= part.told_ms:
        return text
    length = len(text) * part.heard_ms // part.told_ms
    if length < len(text) and not text[length].isspace():
        length = text.rfind(" ", 0, length + 1)
    return text[: max(length, 0)].rstrip()
