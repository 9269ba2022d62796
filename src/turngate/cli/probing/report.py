"""
What a probe tells: the table, the nearest dialect, and the section for ``turngate.toml``.

Responsible for comparing findings with the dialects that are known, and for words that hold no secret.

Must not know: trials, connections.

Comes from: the book of findings. Goes to: ``cli/probe.py``, which prints it.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from attrs import field, frozen

from turngate.cli.probing.shapes import shape_for
from turngate.cli.probing.words import Answer, Book, Finding, Topic, named
from turngate.protocols.realtime.codec import SERVER_KINDS
from turngate.protocols.realtime.dialects import DIALECTS, GA, Dialect, dialect_of

MAX_STRANGE: Final = 6
WEIGHT: Final = {Topic.SHAPE: 4, Topic.NAMES: 4}
"""What differs here is another dialect rather than another server."""
SECRET_WORDS: Final = ("key", "token", "secret", "sig", "password", "auth")
PLACEHOLDER: Final = "SECRET"


def knock_of(dialect: Dialect, *, has_key: bool) -> str:
    """What is shown to be let in."""
    return ", ".join(([dialect.key_header] if has_key else []) + [name for name, _ in dialect.headers])


def known(dialect: Dialect, *, has_key: bool = True) -> dict[Topic, Answer]:
    """What a probe should find of a server of this dialect."""
    can = dialect.capabilities
    return {
        Topic.KNOCK: knock_of(dialect, has_key=has_key),
        Topic.SHAPE: shape_for(dialect).name,
        Topic.ERROR_CODE: f"error.{dialect.error_code_field}",
        Topic.NAMES: dialect.names.name.lower(),
        Topic.ACKS_UPDATE: can.acks_update,
        Topic.SECOND_CREATE: can.second_create.name.lower(),
        Topic.ECHOES_METADATA: can.echoes_metadata,
        Topic.SENDS_RESPONSE_DONE: can.sends_response_done,
        Topic.TRUNCATES: can.truncates,
        Topic.LETS_US_START: can.lets_us_start,
        Topic.INPUT_RATE_HZ: can.input_rate_hz,
    }


@frozen
class Likeness:
    """How near a server is to a dialect."""

    dialect: str
    differs: tuple[Topic, ...]
    known: int
    """How many of the weightiest topics something was found about."""
    alike: tuple[str, ...] = ()
    """Other dialects that are as near."""

    @property
    def is_recognised(self) -> bool:
        """Whether it is that dialect and not only nearer to it than to others."""
        return self.known > 0 and not set(self.differs) & set(WEIGHT)


@frozen
class Report:
    """All that is told."""

    findings: tuple[Finding, ...]
    likeness: Likeness
    section: str = field(repr=False)

    @property
    def is_usable(self) -> bool:
        """Whether the section is worth trying."""
        answers = {finding.topic: finding.answer for finding in self.findings}
        return answers.get(Topic.SHAPE) is not None or answers.get(Topic.NAMES) is not None


def nearest(book: Book, url: str, assumed: Dialect | None, *, has_key: bool) -> Likeness:
    """The dialect that differs least; among equals the one that the URL speaks for, then the first."""
    distances: list[tuple[int, Dialect]] = []
    for one in DIALECTS.values() if assumed is None else (assumed,):
        far = differences(book, known(one, has_key=has_key))
        distances.append((sum(WEIGHT.get(topic, 1) for topic in far), one))
    least = min(distance for distance, _ in distances)
    equal = [one for distance, one in distances if distance == least]
    chosen = min(equal, key=lambda one: not speaks_for(one, url))
    return Likeness(
        chosen.name,
        differences(book, known(chosen, has_key=has_key)),
        sum(1 for topic in WEIGHT if book.answer(topic) is not None),
        tuple(one.name for one in equal if one is not chosen),
    )


def differences(book: Book, table: Mapping[Topic, Answer]) -> tuple[Topic, ...]:
    """What was found otherwise than it is known; what could not be told differs from nothing."""
    return tuple(topic for topic, answer in table.items() if book.answer(topic) not in {None, answer})


def speaks_for(dialect: Dialect, url: str) -> bool:
    """Whether a URL looks like one of this dialect's."""
    by_host = dialect_of(url)
    if by_host is not GA:
        return by_host is dialect
    return urlsplit(url).path == dialect.path.partition("?")[0]


def report_of(
    book: Book, url: str, model: str | None, *, assumed: Dialect | None = None, has_key: bool = False
) -> Report:
    """The whole report."""
    strange = sorted(kind for kind in map(named, book.kinds) if kind and kind not in SERVER_KINDS)
    if strange:
        shown = ", ".join(strange[:MAX_STRANGE]) + (", ..." if len(strange) > MAX_STRANGE else "")
        book.found(Topic.STRANGE_EVENTS, shown, shown)
    findings = tuple(book.findings.get(topic) or Finding(topic, None, "") for topic in Topic if _is_told(book, topic))
    likeness = nearest(book, url, assumed, has_key=has_key)
    return Report(findings, likeness, "\n".join(section(book, likeness, url, model)) + "\n")


def _is_told(book: Book, topic: Topic) -> bool:
    return topic is not Topic.STRANGE_EVENTS or topic in book.findings


def section(book: Book, likeness: Likeness, url: str, model: str | None) -> Iterator[str]:
    """The lines for ``turngate.toml``."""
    shown = without_secrets(url)
    if shown != url:
        yield f"# a secret in the URL is left out; put it in the place of {PLACEHOLDER}"
    yield f"upstream = {quoted(shown)}"
    yield f"upstream_dialect = {quoted(likeness.dialect)}"
    if model is not None:
        yield f"model = {quoted(model)}"
    if Topic.SENDS_RESPONSE_DONE in likeness.differs and book.answer(Topic.SENDS_RESPONSE_DONE) is False:
        yield "text_ends_response = true"
    for topic in likeness.differs:
        yield f"# unlike {likeness.dialect}: {topic.value}: {book.findings[topic].words}"


def table(report: Report) -> Iterator[str]:
    """The findings, a line each."""
    width = max(len(topic.value) for topic in Topic)
    for finding in report.findings:
        words = finding.words
        if finding.answer is None:
            words = f"could not tell: {words}" if words else "could not tell: it was not reached"
        yield f"{finding.topic.value:{width}}  {words}"


def verdict(report: Report) -> Iterator[str]:
    """What the server most resembles, and where it does otherwise."""
    likeness = report.likeness
    alike = f" ({' and '.join(likeness.alike)} would look the same)" if likeness.alike else ""
    differs = ", ".join(topic.value for topic in likeness.differs)
    if not likeness.is_recognised:
        yield f"This is no dialect that is known. The nearest is {likeness.dialect}{alike}."
        yield f"It differs in: {differs}." if differs else "Nothing was found that tells."
    elif differs:
        yield f"This is the dialect {likeness.dialect}{alike}, but for: {differs}."
    else:
        yield f"This is the dialect {likeness.dialect}{alike}."


def without_secrets(url: str) -> str:
    """The URL without the values of parameters that look like secrets."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not any(_is_secret(name) for name, _ in query):
        return url
    kept = [(name, PLACEHOLDER if _is_secret(name) else value) for name, value in query]
    return urlunsplit(parts._replace(query=urlencode(kept, safe="{}:/")))


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET_WORDS)


def quoted(text: str) -> str:
    """A TOML string; the text is visible ASCII."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
