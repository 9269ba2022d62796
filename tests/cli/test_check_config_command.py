import tomllib

import pytest

from turngate.cli import main

CANARY = "sk-canary-4711"


@pytest.fixture
def alone(monkeypatch):
    """An environment of the test's own."""
    monkeypatch.setattr("os.environ", {"OPENAI_API_KEY": CANARY})


def test_page_shows_each_value_and_where_it_is_from(alone, monkeypatch, tmp_path, capsys):
    """As a file that can be read again; the key is not shown."""
    path = tmp_path / "turngate.toml"
    path.write_text('upstream = "wss://api.x.ai"\n[voices]\n"deepgram:a" = "b"\n')
    monkeypatch.setitem(__import__("os").environ, "TURNGATE__WAITS__TURN_S", "30")
    assert 0 == main(["check-config", "--config", str(path), "--log-level", "warn"])
    printed, errors = capsys.readouterr()
    assert "" == errors
    assert CANARY not in printed
    assert "# the upstream key: ***" in printed
    origins = {line.split(" = ")[0]: line.rpartition("  # ")[2] for line in printed.splitlines() if " = " in line}
    assert f"file {path}:1" == origins["upstream"]
    assert f"file {path}:3" == origins['"deepgram:a"']
    assert "the command line" == origins["log_level"]
    assert "environment TURNGATE__WAITS__TURN_S" == origins["turn_s"]
    assert "default" == origins["listen"]
    assert "dialect xai" == origins["model"]
    table = tomllib.loads(printed)
    assert (30.0, "warn", {"deepgram:a": "b"}) == (table["waits"]["turn_s"], table["log_level"], table["voices"])


def test_page_shows_caps_and_prices(alone, tmp_path, capsys):
    """Those of models in tables of their own."""
    path = tmp_path / "turngate.toml"
    plain = "text_in = 4.0\naudio_in = 32.0\ntext_out = 16.0\naudio_out = 64.0\n"
    text = f"max_day_cost = 2.5\nusage_file = '/var/lib/turngate.json'\n[prices]\ncurrency = 'USD'\n{plain}"
    path.write_text(f"{text}[prices.'gpt-4o-mini']\n{plain}")
    assert 0 == main(["check-config", "--config", str(path)])
    printed, _ = capsys.readouterr()
    table = tomllib.loads(printed)
    assert tomllib.loads(path.read_text()) == {name: table[name] for name in ("max_day_cost", "usage_file", "prices")}
    assert "# max_session_minutes: none" in printed
    assert f"file {path}:8" in printed


def test_page_hides_what_a_url_may_open(alone, capsys):
    """A parameter that is called a key is none of the page's business."""
    assert 0 == main(["check-config", "--upstream", f"wss://a.example/?a=1&api-key={CANARY}&b=2"])
    printed, _ = capsys.readouterr()
    assert "wss://a.example/?a=1&api-key=***&b=2" in printed


def test_faults_are_said_all_and_end_with_status_1(alone, tmp_path, capsys):
    """Each in a line of its own, on the error output."""
    path = tmp_path / "turngate.toml"
    path.write_text("upstrem = 'simulator'\nrollover = 'perhaps'\n")
    assert 1 == main(["check-config", "--config", str(path)])
    printed, errors = capsys.readouterr()
    assert "" == printed
    first, second = errors.splitlines()
    assert f"turngate: {path}:1 has an unknown key 'upstrem'; did you mean 'upstream'?" == first
    assert f"turngate: rollover is on or off, not 'perhaps' (file {path}:2)" == second


def test_wrong_option_is_one_line(alone, capsys):
    """With the nearest right one, as the plugin says it."""
    assert 1 == main(["check-config", "--modle", "a"])
    _, errors = capsys.readouterr()
    assert "--model" in errors
    assert 1 == len(errors.splitlines())
