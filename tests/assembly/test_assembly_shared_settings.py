"""What the parent of several workers reads again, and says of it."""

import pickle

import pytest
from attrs import evolve

from turngate.assembly.shared_settings import Renewing, check, secrets_of
from turngate.errors import ConfigError
from turngate.net import BearerKey
from turngate.ops.config import Config
from turngate.ops.loading import Survey, load
from turngate.ops.logging import Log

RUNNING = load({"upstream": "simulator"}, {})


class Lines:
    """A Twisted logger that keeps what is logged."""

    def __init__(self):
        self.lines = []

    def emit(self, level, words, **fields):
        self.lines.append(fields["line"])


def unpickled(written):
    """What a worker gets."""
    return pickle.loads(written)  # noqa: S301 - we have written it


@pytest.fixture
def read_again():
    """Read a configuration a second time; gives what reads, what the workers are told, and the lines of the log."""

    def read_again(survey):
        logger = Lines()
        log = Log("info", logger=logger)
        renewing = Renewing(RUNNING, lambda: survey, log)
        return renewing, renewing.read(), logger.lines, log

    return read_again


def test_workers_are_told_what_is_new_and_later_ones_begin_with_it(read_again):
    """The parent's own log too goes by the new level."""
    new = evolve(RUNNING, max_sessions=7, log_level="warn", drain_s=1.0)
    renewing, written, lines, log = read_again(Survey({}, (), new))
    renewed = unpickled(written)
    assert (7, RUNNING.drain_s) == (renewed.config.max_sessions, renewed.config.drain_s)
    assert ("drain_s",) == renewed.left
    assert renewed.config == renewing.running
    assert ("warn", []) == (log.level.name, lines)


def test_nothing_is_new_where_something_is_wrong(read_again, tmp_path):
    """In the file, or in one that it names; the line says what, and certificates are read all the same."""
    renewing, written, lines, _ = read_again(Survey({}, ("lisen is no setting",), None))
    assert (None, RUNNING) == (written, renewing.running)
    assert ['config.broken faults=1 fault_1="lisen is no setting"'] == lines


def test_nothing_is_new_where_the_clients_keys_cannot_be_read(tmp_path):
    """No worker is to have others than the next."""
    keys = tmp_path / "keys.toml"
    running = evolve(RUNNING, client_keys_file=str(keys))
    logger = Lines()
    renewing = Renewing(running, lambda: Survey({}, (), evolve(running, max_sessions=7)), Log("info", logger=logger))
    assert renewing.read() is None
    assert running == renewing.running
    assert "cannot read the clients' keys" in logger.lines[0]


def test_configuration_survives_the_way_to_a_worker():
    """With the key, which is shown nowhere."""
    settings = evolve(RUNNING, upstream_key=BearerKey("sk-canary"), models={"a": "b"}, listen=("tcp:1", "tcp:2"))
    there = unpickled(pickle.dumps(settings))
    assert settings == there
    assert "sk-canary" == there.upstream_key()


def test_variables_that_settings_refer_to_are_secrets():
    """They are not inherited by workers."""
    assert ("A",) == secrets_of(Config(upstream_key_file="env:A", admin_token_file="/a/file"))
    assert ("B",) == secrets_of(Config(admin_token_file="env:B"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (evolve(RUNNING, max_day_minutes=5.0), "caps on a client's day .* are not counted by several workers"),
        (evolve(RUNNING, usage_file="/a"), "usage_file is not kept by several workers"),
    ],
)
def test_what_has_to_be_counted_by_all_workers_is_refused(settings, words):
    """Rather than counted by each for itself; at the start, and when it is read again."""
    with pytest.raises(ConfigError, match=words):
        check(settings)
    check(evolve(RUNNING, max_session_minutes=5.0))
