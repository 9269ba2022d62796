"""
The reference page of the dialects, made from their data: ``make reference``.

Responsible for what stands on the page, and where. It stands with the tests since only they need it.

Must not know: what any of it leads to.

Comes from: ``protocols/realtime/dialects.py``. Goes to: ``docs/reference/dialects.md``, which a test holds to it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import fields

from turngate.protocols.realtime.dialects import (
    BEARER,
    DIALECTS,
    GA_RESPONSE,
    GA_SESSION,
    Dialect,
    Hints,
    Names,
    Tools,
)
from turngate.protocols.realtime.placement import Place
from turngate.session.capabilities import Capabilities, SecondCreate

PAGE: Final = Path(__file__).parents[3] / "docs" / "reference" / "dialects.md"

HEAD: Final = """# Dialects of the upstream

Made from the code by `make reference`: what each known server of the Realtime protocol does otherwise than OpenAI's
GA API, and what the proxy does for it. How to choose one is in [Run it](../howto/run.md#the-upstreams-dialect),
and what the rules do about each gap in [decision 0040](../decisions/0040-what-an-upstream-leaves-out-is-declared.md).

The facts are from the vendors' documentation and from what others have observed; none of it was tried against a live
service. `turngate simulate --dialect NAME` plays each of these servers.
"""

GAPS: Final = {
    "acks_update": "confirms updates",
    "sends_response_done": "tells the end of responses",
    "echoes_metadata": "echoes metadata",
    "truncates": "cuts items",
    "lets_us_start": "leaves answers to the proxy",
}


def page() -> str:
    """The whole page."""
    lines = [HEAD, *overview(), *gaps()]
    for dialect in DIALECTS.values():
        lines += section(dialect)
    return "\n".join(lines) + "\n"


def overview() -> Iterator[str]:
    """One line for each."""
    yield from ("## How each is reached", "")
    yield "| dialect | server | known by | by default | key |"
    yield "|---|---|---|---|---|"
    for one in DIALECTS.values():
        known = ", ".join(f"`{'*' if end.startswith('.') else ''}{end}{path}`" for end, path in one.known_by)
        default = f"`{one.host}{one.path}`" if one.host else f"path `{one.path}`"
        key = "`Authorization: Bearer`" if one.key_header == BEARER else f"`{one.key_header}`"
        yield f"| `{one.name}` | {one.servers} | {known or 'its name only'} | {default} | {key} |"
    yield ""


def gaps() -> Iterator[str]:
    """What each can do."""
    yield from ("## What each can do", "")
    yield f"| dialect | {' | '.join(GAPS.values())} | a second request | session, minutes | audio in, out, Hz | G.711 |"
    yield "|---|" + "---|" * (len(GAPS) + 4)
    named = {field.name for field in fields(Capabilities)}
    assert named == {*GAPS, "second_create", "max_session_s", "input_rate_hz"}, "a capability that the page leaves out"
    for one in DIALECTS.values():
        can = one.capabilities
        cells = ["yes" if getattr(can, gap) else "**no**" for gap in GAPS]
        cells.append("is refused" if can.second_create is SecondCreate.REFUSED else "ends the first")
        cells.append(f"{can.max_session_s / 60:g}" if can.max_session_s else "not known")
        cells += [f"{can.input_rate_hz}, {one.output_rate_hz}", "as it is" if one.takes_g711 else "converted"]
        yield f"| `{one.name}` | {' | '.join(cells)} |"
    yield ""


def section(one: Dialect) -> Iterator[str]:
    """What else is to be said of one."""
    yield from (f"## `{one.name}`", "", f"{one.servers[0].upper()}{one.servers[1:]}.", "")
    yield from (f"- {fact}" for fact in facts(one))
    for title, places, others in (
        ("session", one.session, "an update"),
        ("response", one.response, "a request for one"),
    ):
        if places in (GA_SESSION, GA_RESPONSE):
            continue
        yield from ("", f"The `{title}` of {others}; what is not here is not sent:")
        yield from ("", "| the API's | here |", "|---|---|")
        yield from (f"| `{place.api}` | {shown(place)} |" for place in places)
    yield ""


def shown(place: Place) -> str:
    """Where a field stands, and how its values are written."""
    values = ", ".join(f"`{json.dumps(own)}`" for _, own in place.values)
    inner = ", ".join(f"`{api}` as `{own}`" for api, own in place.inner)
    return f"`{place.own}`{': ' if values or inner else ''}{values}{inner}"


def facts(one: Dialect) -> Iterator[str]:
    """What differs beside the tables."""
    if one.names is Names.BETA:
        yield "Events and parts of items have the beta's names, such as `response.audio.delta`."
    for name, value in one.headers:
        yield f"Every connection is asked for with `{name}: {value}`."
    if one.model:
        yield f"The model is `{one.model}` where none is named."
    chosen = " or ".join(f"`{prefix}`" for prefix in one.model_prefixes)
    yield (
        f"A client may name a model that begins with {chosen}."
        if chosen
        else "A client may name a model of `[models]` only."
    )
    if not one.has_openai_voices:
        yield "Of voices that clients name, only those in `[voices]` are known."
    model = f"`{one.transcription_model}`" if one.transcription_model else "the server's own model"
    yield f"The user's speech is written down by {model}, unless `transcription_model` is set."
    hints = {
        Hints.PROMPT: "are told in the transcription's prompt",
        Hints.TERMS: "are told as a list of terms",
        Hints.NONE: "have no place",
    }
    yield f"Words to expect {hints[one.hints]}."
    yield f"Of turn detection by silence can be said: {', '.join(f'`{name}`' for name in one.detection)}."
    if not one.detects_meaning:
        yield "Turns do not end by their meaning; by a silence that is the longer the less eager, instead."
    if one.manual is not None:
        yield f"No turn detection is `{json.dumps(one.manual)}`."
    for name, least, most in one.bounds:
        yield f"`{name}` is moved to within {least:g} and {most:g}."
    if one.tools is Tools.WRAPPED:
        yield 'Functions stand in an object of their own, `{"type": "function", "function": {...}}`.'
    if not one.cancels_by_id:
        yield "`response.cancel` names no response."
    if one.is_ready_by_conversation:
        yield "`conversation.created` may be the first event, and is taken for readiness."
    if one.binary_audio:
        yield "Speech may come in binary messages."
    if one.error_code_field != "code":
        yield f"The code of an error is its `{one.error_code_field}`, where it has no other."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
