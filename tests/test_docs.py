"""The pages: links lead somewhere, tables are those of the code, and commands print what is shown."""

import ast
import importlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from turngate.cli.probe import parser as probe_parser
from turngate.ops import config
from turngate.ops.reading import from_file
from turngate.protocols.deepgram.codec import CLIENT_TYPES
from turngate.protocols.deepgram.codes import CODES
from turngate.protocols.deepgram.translation import NOT_SUPPORTED
from turngate.proxy.close_codes import client_close
from turngate.session.messages import Ending
from turngate.simulator.__main__ import _parser as simulate_parser
from turngate.tap import NAMED_ONE_BY_ONE, Options
from twistd_rig import environment

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIAL = ROOT / "docs" / "tutorial.md"
CLIENTS = ROOT / "docs" / "howto" / "clients.md"
RUN = ROOT / "docs" / "howto" / "run.md"
SIMULATOR = ROOT / "docs" / "howto" / "simulator.md"
PROBE = ROOT / "docs" / "howto" / "probe.md"

FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
PATIENCE_S = 30


def name_of(path):
    """A page by its path in the checkout."""
    return path.relative_to(ROOT).as_posix()


# --- links ----------------------------------------------------------------------------------------------------------


def links(page):
    """The relative links of a page, each as a file and an anchor; what stands in a fenced block is no link."""
    if page.suffix != ".md":
        return
    for match in LINK.finditer(FENCE.sub("", page.read_text())):
        if "://" not in match["target"]:
            path, _, anchor = match["target"].partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    """Every relative link is to a file of this checkout, and every anchor to a heading of that page."""
    for target, anchor in links(page):
        assert target.exists(), f"there is no {target}"
        assert not anchor or anchor in anchors(target), f"{target.name} has no heading for #{anchor}"


def test_every_page_can_be_reached_from_the_readme():
    """By links alone; a link to a directory shows all that is in it."""
    reached, ahead = set(), [README]
    while ahead:
        here = ahead.pop()
        if here not in reached:
            reached.add(here)
            ahead.extend(here.glob("*.md") if here.is_dir() else [target for target, _ in links(here)])
    assert set(PAGES) <= reached


# --- tables and blocks ----------------------------------------------------------------------------------------------


class Block(NamedTuple):
    """A fenced block, and the block of ``text`` that stands next, which shows what it prints."""

    page: Path
    line: int
    language: str
    text: str
    shown: str

    @property
    def where(self):
        return f"{self.page.stem}:{self.line}"


def blocks(page, *languages):
    """The blocks of these languages, in their order."""
    text = page.read_text()
    found = list(FENCE.finditer(text))
    for match, following in pairwise([*found, None]):
        if match["language"] in languages:
            shown = following["text"] if following and following["language"] == "text" else ""
            line = text.count("\n", 0, match.start()) + 1
            yield Block(page, line, match["language"], match["text"], shown)


def rows(page, header):
    """The cells of a table below its header, which is given as it stands."""
    lines = page.read_text().split("\n")
    for line in lines[lines.index(header) + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("block", [b for page in PAGES for b in blocks(page, "toml")], ids=lambda block: block.where)
def test_configuration_can_be_read(block, tmp_path):
    """It is TOML, and its keys and values are settings."""
    assert tomllib.loads(block.text)
    path = tmp_path / "turngate.toml"
    path.write_text(block.text)
    reading = from_file(str(path))
    assert reading.found
    assert reading.faults == []


@pytest.mark.parametrize("block", [b for page in PAGES for b in blocks(page, "python")], ids=lambda block: block.where)
def test_program_imports_what_there_is(block):
    """It is Python, and every name that it takes from this package exists."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("turngate"):
            module = importlib.import_module(node.module)
            assert [] == [one.name for one in node.names if not hasattr(module, one.name)]


def test_table_of_settings_has_every_option_of_the_plugin():
    """With its argument, its key in the file and its variable; and no other."""
    shown = {}
    for option, key, variable, _ in rows(RUN, "| option | file | variable | default |"):
        name, argument = re.match(r"`--([a-z-]+)( [A-Z]+)?`", option).groups()
        shown[name + ("=" if argument else "")] = (key.split("`")[1] if key else None, variable.split("`")[1])
    in_file = {NAMED_ONE_BY_ONE.get(key, key).replace("_", "-"): key for key in config.KEYS}
    known = {
        option: (
            key := in_file.get(name := option.rstrip("=")),
            config.PREFIX + (key or name).replace("-", "_").upper(),
        )
        for option in Options().longOpt
        if option not in {"help", "version"}
    }
    assert known == shown


@pytest.mark.parametrize(("page", "parser"), [(SIMULATOR, simulate_parser), (PROBE, probe_parser)])
def test_table_of_a_command_has_every_option_of_it(page, parser):
    """And no other."""
    shown = {re.match(r"`(--[a-z-]+)", option)[1] for option, _, _ in rows(page, "| option | default | |")}
    assert {name for name in parser()._option_string_actions if name.startswith("--")} == shown | {"--help"}


def test_table_of_messages_has_every_message_of_a_client():
    """And says of exactly those that have no effect that they have none."""
    effects = {
        name: not here.startswith("no effect")
        for message, here in rows(CLIENTS, "| message | here |")
        for name in re.findall(r"`(\w+)`", message)
    }
    without = {event.__struct_config__.tag for event in NOT_SUPPORTED}
    assert {name: name not in without for name in CLIENT_TYPES} == effects


def test_tables_of_codes_have_codes_that_there_are():
    """A code that was renamed is not left behind; every close code is explained."""
    warnings = {row[0].strip("`") for row in rows(CLIENTS, "| `Warning` | when |")}
    errors = {row[0].strip("`") for row in rows(CLIENTS, "| `Error` | when | close code |")}
    assert warnings <= {codes.warning for codes in CODES.values()}
    assert errors <= {codes.error for codes in CODES.values()}
    text = CLIENTS.read_text()
    assert [] == [ending for ending in Ending if str(client_close(ending)[0]) not in text]


# --- commands -------------------------------------------------------------------------------------------------------

VARIES = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}": "(when)",
    r"\b\d\d:\d\d\b": "(time)",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "(id)",
    r"\bsession=[0-9a-f]{8} ": "session=(name) ",
    r"127\.0\.0\.1:[3-6]\d{4}\b": "(peer)",
    r"_latency\": [\d.e-]+": '_latency": (seconds)',
    r"\bversion=\S+": "version=(version)",
    r"\bseconds=\S+": "seconds=(seconds)",
    r"\b(gate_wait|total|text|speech)_s=\S+": r"\1_s=(seconds)",
    r"\b((text|audio)_(in|out)_(tokens|bytes))=\d+": r"\1=(number)",
}
"""What is not the same twice; all else of an output is."""

PROXY, *COMMANDS = blocks(TUTORIAL, "sh")
PROGRAMS = [*COMMANDS, *blocks(CLIENTS, "python")]
*_, LOG = (match["text"] for match in FENCE.finditer(TUTORIAL.read_text()))

SURROUNDINGS = {
    name: value for name, value in environment(TZ="UTC").items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
}


def assert_prints(shown, printed):
    """The output is what the page shows, where ``...`` stands for any number of lines."""
    expected, rest = steady(shown), steady(printed)
    folded = []
    for line, following in pairwise([*expected, None]):
        if line == "...":
            while rest and rest[0] != following:
                rest.pop(0)
            folded.append(line)
        elif rest:
            folded.append(rest.pop(0))
    assert expected == folded + rest


def steady(text):
    """The lines of an output, without what varies and without spaces at their ends."""
    for pattern, name in VARIES.items():
        text = re.sub(pattern, name, text)
    return [line.rstrip() for line in text.splitlines()]


class FirstTerminal:
    """Where the proxy runs, started as the tutorial says; it has the port of the page to itself."""

    def __init__(self):
        self.log = ""
        self.process = subprocess.Popen(
            ["sh", "-c", PROXY.text],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=SURROUNDINGS,
            start_new_session=True,
        )
        self._watchdog = threading.Timer(10 * PATIENCE_S, os.killpg, (self.process.pid, signal.SIGKILL))
        self._watchdog.start()

    def read_until(self, words):
        """Take lines of the log until one has these words, and say whether one had."""
        for line in self.process.stdout:
            self.log += line
            if words in line:
                return True
        return False

    def interrupt(self):
        """Press Ctrl-C."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        self.log += self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait()
        self._watchdog.cancel()


@pytest.fixture(scope="module")
def first_terminal():
    """The proxy of the tutorial; not where another program keeps the page's port, or without make's environment."""
    if not (ROOT / ".venv" / "bin" / "turngate").exists():
        pytest.skip("the tutorial is about a checkout with the .venv that make sets up")
    patience_ends = time.monotonic() + PATIENCE_S
    while True:
        terminal = FirstTerminal()
        if terminal.read_until("proxy.started"):
            break
        terminal.interrupt()
        assert "Address already in use" in terminal.log, terminal.log
        if time.monotonic() > patience_ends:
            pytest.skip("another program listens on the port of the tutorial")
        time.sleep(0.5)
    yield terminal
    terminal.interrupt()
    assert "Server Shut Down." in terminal.log
    assert "Traceback" not in terminal.log


def run(block, desk):
    """Run a block that must succeed, in a directory like the checkout, and give what a terminal would show."""
    for name in (".venv", "tests"):
        (desk / name).symlink_to(ROOT / name)
    program = ["sh", "-ec", block.text] if block.language == "sh" else [sys.executable, "-c", block.text]
    outcome = subprocess.run(
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=desk,
        env=SURROUNDINGS,
        timeout=PATIENCE_S,
    )
    assert outcome.returncode == 0, outcome.stdout
    return outcome.stdout


@pytest.fixture(scope="module")
def printed(first_terminal, tmp_path_factory):
    """What each block printed, as a future; they are run at once, for each holds a conversation of its own."""
    with ThreadPoolExecutor() as terminals:
        yield {block: terminals.submit(run, block, tmp_path_factory.mktemp("desk")) for block in PROGRAMS}


def test_proxy_of_the_tutorial_starts(first_terminal):
    """``make run`` says what to do next, and the log that it serves."""
    started = first_terminal.log.index("proxy.started")
    assert_prints(PROXY.shown, first_terminal.log[: first_terminal.log.index("\n", started)])


@pytest.mark.parametrize("block", PROGRAMS, ids=lambda block: block.where)
def test_program_prints_what_the_page_shows(block, printed):
    """Each block as it stands, in a terminal of its own."""
    assert_prints(block.shown, printed[block].result())


def test_log_of_the_tutorial_is_as_shown(first_terminal, printed):
    """Its beginning, its turns, its end."""
    printed[PROGRAMS[0]].result()
    assert first_terminal.read_until("session.ended")
    *_, last = first_terminal.log.splitlines(keepends=True)
    session = re.search(r"session=\S+", last)[0]
    assert_prints(LOG, "".join(line for line in first_terminal.log.splitlines(keepends=True) if session in line))
