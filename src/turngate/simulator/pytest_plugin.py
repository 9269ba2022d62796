"""
A Realtime server for your own tests.

Say ``pytest_plugins = ["turngate.simulator.pytest_plugin"]`` in your ``conftest.py``; then a test that takes
``turngate_simulator`` has a server in a process of its own, at ``turngate_simulator.url``.

Responsible for starting that process, for learning its address, and for ending it.

Must not know: anything of the simulator but its command and the line that it prints.

Comes from: pytest. Goes to: ``python -m turngate.simulator``.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Final

import pytest

_ANNOUNCEMENT: Final = "simulator listening on "
_STOP_S: Final = 5.0


class RunningSimulator:
    """A simulator in a process of its own. It listens on the loopback, at a port that was free."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module, in this very interpreter
            [sys.executable, "-m", "turngate.simulator", "--listen", "tcp:0:interface=127.0.0.1", *arguments],
            stdout=subprocess.PIPE,
            # so that the first line says what is wrong, where something is
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url: str = self._announced()
        """Where to dial: ``ws://127.0.0.1:PORT/v1/realtime``."""

    def stop(self) -> None:
        """End the process; may be called more than once."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _announced(self) -> str:
        line = self._process.stdout.readline().strip() if self._process.stdout is not None else ""
        if line.startswith(_ANNOUNCEMENT):
            return line.removeprefix(_ANNOUNCEMENT)
        self.stop()
        raise RuntimeError(f"The simulator did not start: {line}")


@pytest.fixture
def turngate_simulator() -> Iterator[RunningSimulator]:
    """Give a simulated Realtime server that lives as long as the test."""
    simulator = RunningSimulator(["--speed", "0"])
    yield simulator
    simulator.stop()
