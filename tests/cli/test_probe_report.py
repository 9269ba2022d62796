"""What is told of findings: the nearest dialect, the section for the configuration, and no secret."""

from pathlib import Path

import pytest

from turngate.cli.probing.report import Report, known, report_of, table, verdict, without_secrets
from turngate.cli.probing.words import Answer, Book, Topic
from turngate.ops import config
from turngate.ops.loading import load
from turngate.protocols.realtime.dialects import AZURE, BETA, DIALECTS, GA, LOCALAI, Dialect

URL = "wss://voice.example/v1/realtime?model={model}"


def found(dialect: Dialect, otherwise: dict[Topic, Answer] | None = None, *, has_key: bool = False) -> Book:
    """The findings of a server of a dialect, but for some."""
    book = Book()
    for topic, answer in (known(dialect, has_key=has_key) | (otherwise or {})).items():
        book.found(topic, answer, f"{answer}")
    return book


def loaded(report: Report, tmp_path: Path) -> config.Config:
    """The section, read as the proxy reads it."""
    path = tmp_path / "turngate.toml"
    path.write_text(report.section)
    return load({"config": str(path)}, {})


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.name)
def test_the_section_is_a_configuration_of_the_dialect(dialect: Dialect, tmp_path: Path) -> None:
    """It loads, and the proxy would speak that dialect there."""
    url = f"wss://voice.example{dialect.path}"
    report = report_of(found(dialect, has_key=True), url, 'a "model"', has_key=True)
    settings = loaded(report, tmp_path)
    assert (settings.dialect.name, settings.upstream, settings.model) == (dialect.name, url, 'a "model"')
    assert not settings.text_ends_response
    assert list(verdict(report)) == [f"This is the dialect {dialect.name}."]


def test_what_differs_is_named_and_set_where_there_is_a_setting(tmp_path: Path) -> None:
    """What there is no setting for stands in a comment."""
    report = report_of(found(BETA, {Topic.SENDS_RESPONSE_DONE: False, Topic.TRUNCATES: False}), URL, None)
    assert loaded(report, tmp_path).text_ends_response
    assert "# unlike beta: truncates an item: False" in report.section
    (line,) = verdict(report)
    assert line.startswith("This is the dialect beta")
    assert line.endswith("but for: sends response.done, truncates an item.")


def test_what_could_not_be_told_differs_from_nothing() -> None:
    """Else a server that says little would be none."""
    report = report_of(found(GA, {Topic.TRUNCATES: None, Topic.INPUT_RATE_HZ: None}), URL, None)
    assert (report.likeness.dialect, report.likeness.differs) == ("ga", ())
    assert "truncates an item             could not tell: None" in list(table(report))


def test_a_server_of_no_dialect_is_said_to_be_none() -> None:
    """One that writes its session as no known one, or mixes the names."""
    report = report_of(found(GA, {Topic.NAMES: "both"}), URL, None)
    assert not report.likeness.is_recognised
    assert report.is_usable
    assert next(verdict(report)).startswith("This is no dialect that is known. The nearest is ga")


def test_nothing_found_is_nothing_to_use() -> None:
    """And no dialect is recognised in it."""
    report = report_of(Book(), URL, None)
    assert not report.is_usable
    assert not report.likeness.is_recognised


def test_among_equals_the_url_decides() -> None:
    """Without a key GA and Azure's GA do the same."""
    azure = "wss://voice.example/openai/v1/realtime?model={model}"
    assert report_of(found(GA), URL, None).likeness.dialect == "ga"
    assert report_of(found(GA), URL, None).likeness.alike == ("azure",)
    assert report_of(found(GA), azure, None).likeness.dialect == "azure"
    assert (
        report_of(found(AZURE), "wss://x.openai.azure.com/openai/v1/realtime?model=m", None).likeness.dialect == "azure"
    )


def test_a_dialect_that_is_assumed_is_the_only_one_compared() -> None:
    """Its differences are told."""
    report = report_of(found(LOCALAI), URL, None, assumed=GA)
    assert (report.likeness.dialect, report.likeness.differs) == ("ga", (Topic.ECHOES_METADATA,))


@pytest.mark.parametrize("name", ["api_key", "api-key", "token", "X-Sig", "client_secret"])
def test_a_secret_in_the_url_is_not_shown(name: str, tmp_path: Path) -> None:
    """Its place is kept, and the section says so."""
    url = f"wss://voice.example/v1/realtime?model={{model}}&{name}=canary"
    report = report_of(found(GA), url, None)
    assert "canary" not in report.section
    assert f"{name}=SECRET" in report.section
    assert report.section.startswith("# a secret in the URL is left out")
    assert loaded(report, tmp_path).upstream == without_secrets(url)
    assert "model={model}" in report.section
