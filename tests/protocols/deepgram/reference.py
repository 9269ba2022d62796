"""
The reference page of the client protocol, made from the code: ``make reference``.

Responsible for what stands on the page, and where. It stands with the tests since only they need it.

Must not know: how a verdict is found out.

Comes from: the structs of the protocol with their docstrings, ``verdicts.py`` and ``reference_words.py``. Goes to:
``docs/reference/deepgram.md``, which a test holds to it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, get_args

from message_fields import leaves, tag
from reference_words import (
    ALSO_FATAL,
    CLIENT_FIELDS,
    ERRORS_NEVER_SENT,
    NEVER_SENT,
    NOT_TOLD,
    SERVER_FIELDS,
    WARNED,
    WARNINGS_NEVER_SENT,
)
from verdicts import by_end, heard, verdict

from turngate.protocols.deepgram.client_events import ClientEvent
from turngate.protocols.deepgram.codes import CODES
from turngate.protocols.deepgram.server_events import ServerEvent
from turngate.session.messages import Cause, UnsupportedRequest

PAGE: Final = Path(__file__).parents[3] / "docs" / "reference" / "deepgram.md"

HEAD: Final = """# The Deepgram protocol, message by message

Made from the code by `make reference`: every message and field of the protocol, and what the proxy does with it. The
verdicts about fields are those of the proxy itself, asked with each field set to a value that can be served, by an
operator who allows functions of any host and whose model reasons. How to connect, and what is unusual, is in
[Connect clients](../howto/clients.md).

A field that is *required* is one in the object that holds it; without it, and with a value of another type, the message
is refused with `UNPARSABLE_CLIENT_MESSAGE`, which ends the session. Any other may be left out, or be `null`.
"""


def page() -> str:
    """The whole page."""
    lines = [HEAD, "## What a client sends", "", "Besides these, audio as binary frames.", ""]
    for event in get_args(ClientEvent):
        lines += client_message(event)
    lines += ["## What the proxy sends", "", "Besides these, audio as binary frames.", ""]
    for event in get_args(ServerEvent):
        lines += server_message(event)
    return "\n".join([*lines, *codes()]) + "\n"


def client_message(event: type) -> Iterator[str]:
    """A message of a client, with what becomes of each field."""
    kind = tag(event)
    yield from (f"### `{kind}`", "", sentence(event), "")
    fields = list(leaves(event))
    if not fields:
        is_taken = not isinstance(heard({"type": kind})[0], UnsupportedRequest)
        yield from ("No fields. Taken." if is_taken else "No fields. No effect; a `Warning` says so.", "")
        return
    yield from ("| field | type | here | |", "|---|---|---|---|")
    for path, words, required in fields:
        needed = ", required" if required else ""
        said = by_end(CLIENT_FIELDS, kind, path) or ""
        yield f"| `{path}` | {words}{needed} | {verdict(kind, path, words)} | {said} |"
    yield ""


def server_message(event: type) -> Iterator[str]:
    """A message of the proxy."""
    kind = tag(event)
    yield from (f"### `{kind}`", "", NEVER_SENT.get(kind, sentence(event)), "")
    fields = list(leaves(event))
    if not fields:
        return
    yield from ("| field | type | |", "|---|---|---|")
    for path, words, required in fields:
        may_lack = "" if required else ", may be left out"
        yield f"| `{path}` | {words}{may_lack} | {SERVER_FIELDS.get(f'{kind}.{path}', '')} |"
    yield ""


def codes() -> Iterator[str]:
    """Every code of the protocol and of ours, with what it is sent for."""
    yield from ("## Codes", "", "An `Error` ends the session.", "", "| `Error` | sent when |", "|---|---|")
    yield from code_rows(errors(), ERRORS_NEVER_SENT)
    yield from ("", "After a `Warning` the session goes on.", "", "| `Warning` | sent when |", "|---|---|")
    yield from code_rows(warnings(), WARNINGS_NEVER_SENT)


def errors() -> dict[str, list[Cause]]:
    """The codes of the errors that are sent, and their causes."""
    fatal = [cause for cause in CODES if cause not in NOT_TOLD and (cause not in WARNED or cause in ALSO_FATAL)]
    return {code: [one for one in fatal if CODES[one].error == code] for code in (CODES[one].error for one in fatal)}


def warnings() -> dict[str, list[Cause]]:
    """The codes of the warnings that are sent, and their causes."""
    told = [cause for cause in CODES if cause in WARNED]
    return {code: [one for one in told if CODES[one].warning == code] for code in (CODES[one].warning for one in told)}


def code_rows(sent: Mapping[str, list[Cause]], never: Mapping[str, str]) -> Iterator[str]:
    """One row for each code."""
    for code, causes in sent.items():
        yield f"| `{code}` | {'; '.join(cause.value for cause in causes)} |"
    for code, why in never.items():
        yield f"| `{code}` | never: {why} |"


def sentence(event: type) -> str:
    """What a message is for, as its class says it."""
    return " ".join((event.__doc__ or "").split()).replace("``", "`")


def main() -> None:
    """Rewrite the page in place."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
