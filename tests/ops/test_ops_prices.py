"""The prices of tokens, and the caps, in a configuration."""

import pytest

from turngate.errors import ConfigError
from turngate.ops.config import Config
from turngate.ops.loading import load, surveyed
from turngate.ops.prices import day_caps, prices_of, session_caps
from turngate.proxy.ledger import Caps
from turngate.session.prices import PriceList, Prices

PLAIN = "text_in = 4\naudio_in = 32.0\ntext_out = 16\naudio_out = 64\n"
LITTLE = {"text_in": 4.0, "audio_in": 32.0, "text_out": 16.0, "audio_out": 64.0}


@pytest.fixture
def written(tmp_path):
    """Write a configuration, and give the option that names it."""

    def write(text):
        path = tmp_path / "turngate.toml"
        path.write_text(f"upstream = 'simulator'\n{text}")
        return {"config": str(path)}

    return write


def test_prices_are_read_by_kind_and_by_model(written):
    """Those without a model are the usual ones; the model of the configuration is asked where a client names none."""
    mini = "[prices.'gpt-realtime-mini']\ntext_in = 0\naudio_in = 10\ntext_out = 2\naudio_out = 20\n"
    mini += "cached_audio_in = 0.3\n"
    prices = prices_of(load(written(f"[prices]\ncurrency = 'USD'\n{PLAIN}{mini}"), {}))
    own = Prices(text_in=0.0, audio_in=10.0, text_out=2.0, audio_out=20.0, cached_audio_in=0.3)
    assert PriceList("gpt-realtime", Prices(**LITTLE), {"gpt-realtime-mini": own}, "USD") == prices
    assert PriceList("gpt-realtime") == prices_of(load(written(""), {}))


def test_prices_may_stand_in_variables(written):
    """Of the usual ones; a variable beats the file."""
    environment = {"TURNGATE__PRICES__TEXT_IN": "5.5", "TURNGATE__PRICES__CURRENCY": "EUR"}
    prices = prices_of(load(written(f"[prices]\n{PLAIN}"), environment))
    assert (5.5, "EUR") == (prices.usual.text_in, prices.currency)


def test_caps_are_read_from_each_place(written):
    """As amounts and counts; none of them is on by default."""
    text = "max_session_minutes = 10\nmax_session_tokens = 5_000\nmax_session_cost = 0.5\nmax_day_tokens = 9_000\n"
    settings = load(
        written(f"{text}[prices]\n{PLAIN}"),
        {"TURNGATE_MAX_DAY_MINUTES": "1.5", "TURNGATE_MAX_DAY_COST": "2", "TURNGATE_MAX_DAY_TOKENS": "10000"},
    )
    assert (Caps(10.0, 5000, 0.5), Caps(1.5, 10_000, 2.0)) == (session_caps(settings), day_caps(settings))
    assert Caps() == session_caps(Config()) == day_caps(Config())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prices = 4", "[prices] is a table of prices, such as text_in = 4.0"),
        ("[prices]\ntext_im = 4", "toml:3: [prices] has an unknown key 'text_im'; did you mean 'text_in'?"),
        ("[prices]\ntext_in = '4'", "text_in in [prices] is the price of a million tokens"),
        ("[prices]\ntext_in = -1", "text_in in [prices] is the price of a million tokens"),
        ("[prices]\ntext_in = true", "text_in in [prices] is the price of a million tokens"),
        ("[prices]\ntext_in = nan", "text_in in [prices] is the price of a million tokens"),
        ("[prices]\ncurrency = 4", "currency in [prices] is a word"),
        ("[prices]\ncurrency = 'the currency of the realm'", "currency in [prices] is a word"),
        ("[prices.mini]\ntext_inn = 4", "(mini): [prices] has an unknown key 'text_inn'"),
        (
            "[prices]\ntext_in = 4",
            "[prices] lacks audio_in, text_out, audio_out; a kind of tokens that",
        ),
        ("[prices.mini]\ntext_in = 4", "[prices.'mini'] lacks audio_in"),
        ("max_session_cost = 1", "max_session_cost needs the prices of the model gpt-realtime: give a table [prices]"),
        (f"max_day_cost = 1\n[prices.mini]\n{PLAIN}", "max_day_cost needs the prices of the model gpt-realtime"),
        ("max_session_minutes = 'a'", "max_session_minutes is a number"),
        ("max_session_minutes = true", "max_session_minutes is a number"),
        ("max_session_minutes = 0", "max_session_minutes is from 0.1 to 1e+06"),
        ("max_session_tokens = 1.5", "max_session_tokens is a whole number"),
        ("max_day_tokens = 0", "max_day_tokens is from 1 to"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(text, words, written):
    """A cap on money that nobody can count is none."""
    (fault,) = surveyed(written(text), {}).faults
    assert words in fault
    assert "\n" not in fault


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TURNGATE_MAX_DAY_COST", "much", "TURNGATE_MAX_DAY_COST is a number, not 'much'"),
        ("TURNGATE__PRICES__TEXT_IN", "much", "TURNGATE__PRICES__TEXT_IN is a number, not 'much'"),
        ("TURNGATE__PRICES__TEXT_IM", "1", "did you mean 'text_in'?"),
    ],
)
def test_variable_that_cannot_be_used_is_refused(name, value, words, written):
    """As in the file."""
    with pytest.raises(ConfigError) as caught:
        load(written(""), {name: value})
    assert words in str(caught.value)


def test_prices_of_the_configured_model_are_enough_for_a_cap_on_money(written):
    """Of another that a client chooses, no less than the dearest is counted."""
    assert 1.0 == load(written(f"max_day_cost = 1\n[prices.gpt-realtime]\n{PLAIN}"), {}).max_day_cost
