"""A configuration that is read a second time."""

import pytest
from attrs import evolve, fields_dict

from turngate.ops.config import Config
from turngate.ops.loading import load, surveyed
from turngate.ops.renewing import DERIVED, RENEWABLE, Renewed, renewed

CANARY = "sk-canary-4711"
KEYED = {"OPENAI_API_KEY": CANARY}


def again(running, options=(), environment=KEYED):
    """What comes of another look."""
    return renewed(running, surveyed(dict(options), environment), environment)


def test_nothing_is_changed_where_nothing_was():
    """The common case, for SIGHUP comes with every certificate."""
    running = load({}, KEYED)
    assert Renewed(running, (), ()) == again(running)


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("log_level", "debug", True),
        ("max_sessions", 7, True),
        ("max_key_sessions", 7, True),
        ("max_address_sessions", 7, True),
        ("connects_per_s", 7, True),
        ("connect_burst", 7, True),
        ("allowed_origins", ("https://a.test",), True),
        ("listen", ("tcp:1:interface=127.0.0.1",), False),
        ("client_keys_file", "/other", False),
        ("rollover", "off", False),
        ("resume_s", 1.0, False),
    ],
)
def test_what_can_be_in_force_at_once_is_taken_and_the_rest_is_named(name, value, is_taken):
    """Sockets are bound already, and sessions have begun with what was so then."""
    running = load({}, KEYED)
    variable = " ".join(value) if isinstance(value, tuple) else str(value)
    new = again(running, (), {**KEYED, f"TURNGATE_{name.upper()}": variable})
    if is_taken:
        assert Renewed(evolve(running, **{name: value}), (name,), ()) == new
    else:
        assert Renewed(running, (), (name,)) == new


def test_list_of_what_can_be_taken_has_settings_only():
    """A name that was changed would be one that is never read."""
    assert {*RENEWABLE, *DERIVED} <= fields_dict(Config).keys()


def test_key_that_was_rotated_is_taken(tmp_path):
    """Its file has the same name."""
    path = tmp_path / "key"
    path.write_text("first")
    options = {"upstream_key_file": str(path)}
    running = load(options, {})
    path.write_text("second")
    new = again(running, options, {})
    assert (("upstream_key",), ()) == (new.changed, new.left)
    assert "second" == new.config.upstream_key()
    path.write_text("")
    assert (f"{path} is empty; it should hold the upstream key",) == again(running, options, {})


def test_key_stays_one_for_the_upstream_that_is_in_use(tmp_path):
    """Another upstream is for the next start: a key is not taken away because that needs none."""
    path = tmp_path / "key"
    path.write_text("first")
    running = load({"upstream_key_file": str(path)}, {})
    new = again(running, {"upstream": "simulator", "upstream_key_file": str(path)}, {})
    assert Renewed(running, (), ("upstream",)) == new
    # and the simulator has no need of the key that is there now
    assert again(load({"upstream": "simulator"}, {}), {}, KEYED).config.upstream_key is None


def test_configuration_that_is_broken_is_told_of_with_all_that_is_wrong(tmp_path):
    """As by check-config."""
    path = tmp_path / "turngate.toml"
    path.write_text("upstrem = 'a'\nlog_level = 'loud'")
    running = load({}, KEYED)
    first, second = again(running, {"config": str(path)})
    assert "unknown key 'upstrem'" in first
    assert "log_level is one of" in second
