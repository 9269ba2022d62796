"""
What the tests with clients of other makes share.

The JavaScript SDK is installed once, by its lock file, into ``.venv/interop-js``, and again when the lock file changes.
A newer one is taken by ``npm install --package-lock-only @deepgram/sdk@latest`` in ``tests/interop/js``.
"""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from rig_fixtures import autobahn_on_this_reactor, rig, rigs

__all__ = ["autobahn_on_this_reactor", "js_sdk", "rig", "rigs"]

SOURCES = Path(__file__).parent / "js"
INSTALLED = Path(__file__).parents[2] / ".venv" / "interop-js"
OLDEST_NODE = 18
INSTALL_WITHIN_S = 180


@pytest.fixture(scope="session")
def js_sdk() -> Path:
    """The directory that has the JavaScript SDK, and the driver beside it; without node and npm, tests are skipped."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"the JavaScript SDK was NOT tested: there is no {' and no '.join(missing)} on this machine")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"the JavaScript SDK was NOT tested: it needs node {OLDEST_NODE}, and this machine has {version}")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for source in SOURCES.iterdir():
        if source.is_file():
            shutil.copy(source, INSTALLED)
    stamp = INSTALLED / ".installed"
    wanted = sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        install = subprocess.run(
            ["npm", "ci"], cwd=INSTALLED, capture_output=True, text=True, timeout=INSTALL_WITHIN_S, check=False
        )
        assert install.returncode == 0, f"npm ci failed in {INSTALLED}\n{install.stderr}"
        stamp.write_text(wanted)
    return INSTALLED
