"""
What the programs of this directory share: free ports, the processes of the proxy and the simulator, and their figures.

Figures of a process are read from `/proc`, so it needs Linux.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from twisted.logger import globalLogPublisher
from watched_twistd import FIGURES

BINARIES = Path(sys.executable).parent
WATCHED = Path(__file__).parent / "watched_twistd.py"
LOOPBACK = "127.0.0.1"
USUAL_OPEN_FILES = 1024
"""What a shell gives a process, which the proxy has to raise by itself."""
PATIENCE_S = 45
"""For the end of a process: longer than a drain."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_for(port: int) -> None:
    for _ in range(150):
        if is_listening(port):
            return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def scratch(name: str) -> Path:
    """A directory for the logs of a run, which stays."""
    return Path(tempfile.mkdtemp(prefix=f"turngate-{name}-"))


def raise_open_files() -> None:
    """Let this process, and those that it starts, have as many open files as the system allows."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def watch_errors(fail: Callable[[str], None]) -> None:
    """Have every error that Twisted logs in this process tell, so that a fault of the program itself is seen."""

    def see(event: Mapping[str, object]) -> None:
        if event.get("log_failure") is not None:
            fail(f"an error in this program: {event['log_failure']}")

    globalLogPublisher.addObserver(see)


class Running:
    """A process of ours, and what it costs."""

    def __init__(self, process: subprocess.Popen, log: Path | None = None) -> None:
        self.process = process
        self.log = log

    @property
    def rss_kib(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4

    @property
    def cpu_s(self) -> float:
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def words(self) -> str:
        """Its log."""
        return self.log.read_text() if self.log is not None else ""

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """End it, and give its status; what does not end is killed."""
        if self.process.poll() is None:
            self.ask_to_stop()
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class RunningSimulator(Running):
    """The simulator at a free port."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        listen = ("--listen", f"tcp:{self.port}:interface={LOOPBACK}")
        command = [BINARIES / "turngate", "simulate", *listen, *options]
        super().__init__(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        wait_for(self.port)
        self.url = f"ws://{LOOPBACK}:{self.port}/v1/realtime"

    def counted(self) -> dict[str, int]:
        """What it counted, once it was stopped."""
        summary = self.process.stdout.read().rpartition("simulator counted ")[2]
        return {name: n for name, n in json.loads(summary).items() if isinstance(n, int)}


class RunningProxy(Running):
    """The proxy, with its log in a file; its limit of open files is the usual one."""

    def __init__(
        self,
        upstream: str,
        log: Path,
        options: Sequence[str] = (),
        settings: Mapping[str, object] | None = None,
        port: int | None = None,
        *,
        waits: bool = True,
    ) -> None:
        self.port = free_port() if port is None else port
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("TURNGATE_", "OPENAI_"))}
        variables |= {f"TURNGATE_{name.upper()}": str(value) for name, value in (settings or {}).items()}
        self._figures = log.with_suffix(".memory")
        self._figures.touch()
        variables[FIGURES] = str(self._figures)
        with log.open("a") as sink:
            process = subprocess.Popen(
                [
                    sys.executable, WATCHED, "-n", "--pidfile=", "turngate",
                    "--listen", f"tcp:{self.port}:interface={LOOPBACK}", "--upstream", upstream, *options,
                ],
                stdout=sink, stderr=sink, env=variables, preexec_fn=usual_open_files,
            )  # fmt: skip
        super().__init__(process, log)
        if waits:
            wait_for(self.port)

    def look_at_memory(self) -> int:
        """Ask it for a line about its memory; gives how many there are to be."""
        self.process.send_signal(signal.SIGUSR2)
        return len(self.memory) + 1

    @property
    def memory(self) -> list[dict[str, int]]:
        """The lines that it wrote: what Python holds, what is resident, and what is after trimming."""
        return [json.loads(line) for line in self._figures.read_text().splitlines()]


def usual_open_files() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(USUAL_OPEN_FILES, hard), hard))


def judged(checks: Mapping[str, bool], failures: Sequence[str] = ()) -> int:
    """Print each check, and the first failures; gives the exit status."""
    for what, held in checks.items():
        print(f"{'ok  ' if held else 'FAIL'}  {what}")
    for failure in failures[:10]:
        print(f"      {failure}")
    return 0 if all(checks.values()) else 1
