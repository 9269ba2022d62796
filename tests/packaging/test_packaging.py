"""What users install: the wheel, and an editable checkout, each in an environment of its own and away from this one."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from twistd_rig import LISTEN, Conversation, RunningProxy, environment, twistd

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[2]
SOURCES = ("src", "twisted", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
"""All that a distribution is made of; copied, so that nothing else of the checkout can get into it."""

LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.egg-info", "dropin.cache")
INSTALL_WITHIN_S = 180
NO_PATH = {"PYTHONPATH": ""}
"""Nothing is to be found but what was installed, however the tests themselves are run."""


def run(*command, cwd=None):
    """Run a command that must succeed, and give what it printed."""
    outcome = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment(**NO_PATH), timeout=INSTALL_WITHIN_S
    )
    assert outcome.returncode == 0, f"{command}\n{outcome.stdout}\n{outcome.stderr}"
    return outcome.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the sources."""
    tree = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=LEFT_BEHIND)
        else:
            shutil.copy(ROOT / name, tree / name)
    return tree


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory):
    """The wheel, made from the source distribution as a release is."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", out, tree)
    (wheel,) = out.glob("*.whl")
    return wheel


class Environment:
    """A virtual environment, and how to install into it."""

    def __init__(self, path):
        run(sys.executable, "-m", "venv", "--without-pip", path)
        self.bin = path / "bin"

    def install(self, *what):
        """Run this checkout's pip on that environment; compiling all modules would take half of the time."""
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", self.bin / "python")
        return run(*pip, "install", "--no-compile", *what)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment that has the wheel and what it asks for, and nothing else."""
    environment = Environment(tmp_path_factory.mktemp("wheel") / "venv")
    environment.install(wheel)
    return environment


@pytest.fixture(scope="module")
def editable(tree, tmp_path_factory):
    """An environment in which a checkout is installed for work on it."""
    environment = Environment(tmp_path_factory.mktemp("editable") / "venv")
    environment.install("--editable", tree)
    return environment


@pytest.fixture(params=["installed", "editable"])
def either(request):
    """Each of the two environments."""
    return request.getfixturevalue(request.param)


def test_wheel_holds_the_package_and_the_plugin_and_nothing_else(wheel, tree):
    """Every module is shipped, a forgotten package too; the plugin stands in a namespace that it does not own."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {path.relative_to(tree / "src").as_posix() for path in (tree / "src" / "turngate").rglob("*.py")}
    assert names == modules | {"turngate/py.typed", "twisted/plugins/turngate_plugin.py"}


def test_proxy_is_started_by_the_installed_plugin(either, tmp_path):
    """From anywhere, twistd knows the plugin from anywhere; the proxy serves a client, and stops with status 0."""
    assert " turngate " in twistd("--help", bin_dir=either.bin, cwd=tmp_path, **NO_PATH).stdout
    with RunningProxy("--upstream", "simulator", *LISTEN, bin_dir=either.bin, cwd=tmp_path, **NO_PATH) as proxy:
        with Conversation(proxy.port) as conversation:
            assert conversation.status == 101
            assert conversation.receive_event()["type"] == "Welcome"
        assert proxy.stop() == 0
    assert "Traceback" not in proxy.log


def test_traces_when_their_extra_is_not_installed_are_refused_in_one_line(installed, tmp_path):
    """By whoever starts, and by whoever checks before a start; nobody else needs it."""
    variables = {**NO_PATH, "TURNGATE_OTEL_ENDPOINT": "http://localhost:4318", "TURNGATE_UPSTREAM": "simulator"}
    outcome = twistd("-n", "turngate", bin_dir=installed.bin, cwd=tmp_path, **variables)
    words = "turngate: otel_endpoint needs an extra that is not installed: pip install 'turngate[otel]'"
    assert (1, "") == (outcome.returncode, outcome.stdout)
    (line,) = outcome.stderr.splitlines()
    assert line.startswith(words)


def test_command_is_installed_with_the_package(either, tmp_path):
    """``turngate`` is on the path of the environment, and of the same version."""
    version = run(either.bin / "turngate", "version", cwd=tmp_path)
    assert twistd("turngate", "--version", bin_dir=either.bin, cwd=tmp_path, **NO_PATH).stdout == f"turngate {version}"


def test_editable_installation_is_the_checkout(editable, tree, tmp_path):
    """A changed line is in force at the next start."""
    program = "import turngate.errors; print(turngate.errors.__doc__)"
    source = tree / "src" / "turngate" / "errors.py"
    source.write_text('"""Changed."""\n' + source.read_text())
    assert run(editable.bin / "python", "-c", program, cwd=tmp_path) == "Changed.\n"
