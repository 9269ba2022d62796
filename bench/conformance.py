"""
Autobahn|Testsuite against both ends of the proxy: `fuzzingclient` tries the listener, `fuzzingserver` the dialler.

    .venv/bin/python bench/conformance.py [--wstest .venv/wstest/bin/wstest] [--cases '1.*'] [--report DIR]

Both echo. They are those of the proxy, with the limits of production; where a case is beyond them, the peer has to be
refused in the way that the limit says, and the case is held again with the limits raised. Compression (12.*, 13.*) is
never negotiated, and left out. It prints every case that is not plainly "OK", and exits with 1 if one failed; with 77,
which means "skipped", where there is no `wstest`: it needs Python 2.7, see docs/howto/conformance.md.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from attrs import frozen
from harness import LOOPBACK, free_port, judged, scratch, wait_for, watch_errors
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.utils import getProcessValue

from turngate.net import ClientListener, Limits, UpstreamDialler, use_reactor
from turngate.net.limits import MIB
from turngate.proxy.ports import Closed, ConnectionEvents, DialFailure, IConnection, Upgrade

SKIPPED = 77
PATH = "/v1/agent/converse"
CORE = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
LARGE = ["9.*"]
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
"""What the suite calls a pass; the second is a violation that was found a little later than it could have been."""
PRODUCTION = Limits()
RAISED = Limits(
    client_max_message_bytes=17 * MIB,
    upstream_max_message_bytes=17 * MIB,
    client_max_unsent_bytes=64 * MIB,
    upstream_max_unsent_bytes=64 * MIB,
    max_fragments=100_000,
    client_max_frames_per_s=100_000.0,
)
CASE_S = 100
SUITE_S = 1800


@frozen
class Beyond:
    """Cases that are beyond a limit, and how we close."""

    cases: re.Pattern
    code: int
    reason: str


BEYOND_OF_CLIENTS = (
    Beyond(re.compile(r"9\.[12]\.[456]"), 1009, "messages of 4 to 16 MiB; a client's may have 1 MiB"),
    Beyond(re.compile(r"9\.[34]\.[12]"), 1008, "16384 fragments or more; a message may have 1024"),
    Beyond(re.compile(r"9\.[34]\.[3-9]"), 1009, "messages of 4 MiB in fragments; a client's may have 1 MiB"),
)
BEYOND_OF_UPSTREAM = (Beyond(re.compile(r"9\.[34]\.[1234]"), 1008, "1025 fragments or more; a message may have 1024"),)


class Echo(ConnectionEvents):
    """Says everything back, and reads no more while the peer does not."""

    def __init__(self, connection: IConnection, over: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._over = over

    def text_received(self, payload: bytes) -> None:
        self._connection.send_text(payload)

    def binary_received(self, payload: bytes) -> None:
        self._connection.send_binary(payload)

    def congested(self) -> None:
        self._connection.pause_reading()

    def relieved(self) -> None:
        self._connection.resume_reading()

    def closed(self, how: Closed) -> None:
        self._over()


class Counted(Echo):
    """The first message of the server is how many cases it has."""

    def __init__(self, connection: IConnection, over: Callable[[], None]) -> None:
        super().__init__(connection, over)
        self.number = 0

    def text_received(self, payload: bytes) -> None:
        self.number = int(payload)


class Dialled:
    """Waits for the end of one connection."""

    def __init__(self, kind: type[Echo]) -> None:
        self.over: Deferred = Deferred()
        self.echo: Echo | None = None
        self._kind = kind

    def dialled(self, connection: IConnection) -> ConnectionEvents:
        self.echo = self._kind(connection, lambda: self.over.callback(None))
        return self.echo

    def dial_failed(self, failure: DialFailure) -> None:
        self.over.errback(RuntimeError(f"the suite's server was not reached: {failure.detail}"))


class Suite:
    """The suite's program, in a directory for its reports."""

    def __init__(self, wstest: str, report: Path, cases: list[str]) -> None:
        self.wstest, self.report, self.cases = wstest, report, cases

    def spec(self, name: str, cases: list[str], **fields: object) -> Path:
        path = self.report / f"{name}.json"
        wanted = [case for case in self.cases if case in cases] if self.cases == CORE else self.cases
        path.write_text(json.dumps({"outdir": str(self.report / name), "cases": wanted, "exclude-cases": [], **fields}))
        return path

    def results(self, name: str) -> dict[str, dict]:
        index = self.report / name / "index.json"
        if not index.exists():
            return {}
        (results,) = json.loads(index.read_text()).values()
        return results

    async def try_listener(self, name: str, limits: Limits, cases: list[str]) -> dict[str, dict]:
        """`fuzzingclient` against our listener."""

        def accept(connection: IConnection, _upgrade: Upgrade) -> ConnectionEvents:
            return Echo(connection)

        listener = ClientListener(acceptor=accept, paths=frozenset({PATH}), limits=limits, reactor=reactor)
        port = await TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK).listen(listener.factory)
        url = f"ws://{LOOPBACK}:{port.getHost().port}{PATH}"
        spec = self.spec(name, cases, servers=[{"agent": name, "url": url}])
        await getProcessValue(self.wstest, ["-m", "fuzzingclient", "-s", str(spec)], path=str(self.report))
        await port.stopListening()
        return self.results(name)

    async def try_dialler(self, name: str, limits: Limits, cases: list[str]) -> dict[str, dict]:
        """Our dialler against `fuzzingserver`."""
        place = f"ws://{LOOPBACK}:{free_port()}"
        spec = self.spec(name, cases, url=place)
        with (self.report / f"{name}.log").open("w") as log:
            server = subprocess.Popen(
                [self.wstest, "-m", "fuzzingserver", "-u", "0", "-s", str(spec)],
                cwd=self.report, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait_for(int(place.rpartition(":")[2]))
            counted = await self.dial(f"{place}/getCaseCount", limits, Counted)
            for case in range(1, counted.number + 1):
                await self.dial(f"{place}/runCase?case={case}&agent={name}", limits, Echo)
            await self.dial(f"{place}/updateReports?agent={name}", limits, Echo)
        finally:
            server.terminate()
            server.wait()
        return self.results(name)

    async def dial(self, url: str, limits: Limits, kind: type[Echo]) -> Echo:
        """One connection, to its end."""
        dialled = Dialled(kind)
        dialler = UpstreamDialler(url=url, model="", key=lambda: None, limits=limits, reactor=reactor)
        dialling = dialler.dial(None, dialled)
        timer = reactor.callLater(CASE_S, dialled.over.cancel)
        try:
            await dialled.over
        finally:
            if timer.active():
                timer.cancel()
            dialling.cancel()
        return dialled.echo


def place_of(case: str) -> list[int]:
    return [int(number) for number in case.split(".")]


def verdict(case: str, result: dict, beyond: tuple[Beyond, ...]) -> tuple[str, str]:
    """What a case came to, and why."""
    good = result["behavior"] in GOOD and result["behaviorClose"] in GOOD
    limit = next((one for one in beyond if one.cases.fullmatch(case)), None)
    if limit is None:
        return ("passed" if good else "FAILED"), ""
    if good:
        return "FAILED", f"it passed, although it is beyond a limit: {limit.reason}"
    if result["remoteCloseCode"] == limit.code:
        return "refused", f"closed with {limit.code}: {limit.reason}"
    return "FAILED", f"closed with {result['remoteCloseCode']} and not {limit.code}: {limit.reason}"


def shown(name: str, results: dict[str, dict], beyond: tuple[Beyond, ...]) -> bool:
    """Print what is not plainly good; gives whether nothing failed."""
    counts: Counter = Counter()
    print(f"{name}: {len(results)} cases")
    for case in sorted(results, key=place_of):
        result = results[case]
        came_to, why = verdict(case, result, beyond)
        counts[came_to] += 1
        plain = result["behavior"] == "OK" and result["behaviorClose"] == "OK" and came_to == "passed"
        if not plain:
            words = f"{result['behavior']}, close {result['behaviorClose']}, code {result['remoteCloseCode']}"
            print(f"  {case:<8}{came_to:<9}{words}{'; ' if why else ''}{why}")
    print(f"  in all: {', '.join(f'{n} {what}' for what, n in sorted(counts.items()))}")
    return bool(results) and not counts["FAILED"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wstest", default=".venv/wstest/bin/wstest", help="the suite's program")
    parser.add_argument("--cases", action="append", help="such as 1.* or 9.1.3; may be repeated (default: the core)")
    parser.add_argument("--report", type=Path, help="where the suite's own reports go (default: a new directory)")
    options = parser.parse_args()
    wstest = shutil.which(options.wstest) or shutil.which("wstest")
    if wstest is None:
        print(
            f"SKIPPED: there is no {options.wstest}. Nothing was tried. Autobahn|Testsuite needs Python 2.7; "
            "docs/howto/conformance.md says how to install it",
            file=sys.stderr,
        )
        return SKIPPED
    report = (options.report or scratch("conformance")).resolve()
    report.mkdir(parents=True, exist_ok=True)
    suite = Suite(str(Path(wstest).absolute()), report, options.cases or CORE)
    checks: dict[str, bool] = {}
    failures: list[str] = []
    watch_errors(failures.append)
    reactor.seconds = time.monotonic
    use_reactor(reactor)

    async def run(_: object) -> None:
        for name, limits, cases, beyond in (
            ("listener", PRODUCTION, CORE, BEYOND_OF_CLIENTS),
            ("listener-raised", RAISED, LARGE, ()),
        ):
            checks[name] = shown(name, await suite.try_listener(name, limits, cases), beyond)
        for name, limits, cases, beyond in (
            ("dialler", PRODUCTION, CORE, BEYOND_OF_UPSTREAM),
            ("dialler-raised", RAISED, LARGE, ()),
        ):
            checks[name] = shown(name, await suite.try_dialler(name, limits, cases), beyond)

    try:
        task.react(lambda r: Deferred.fromCoroutine(run(r)))
    except SystemExit as end:
        if end.code:
            failures.append(f"the run ended with {end.code}")
    print(f"the suite's reports: {report}")
    return judged({**checks, "no error in this process": not failures}, failures)


if __name__ == "__main__":
    sys.exit(main())
