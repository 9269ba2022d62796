"""
A rolling restart under load: HAProxy in front of two processes, each of which is drained and started again in its turn.

    .venv/bin/python bench/rolling.py [--clients 60] [--drain-s 20] [--calm-s 20] [--rounds 1]

Half of the clients speak, half write; who is told to go calls again at once and goes on. It prints what became of every
turn, and exits with 1 if one was lost: finished by its client, and not answered although nothing had told the client to
go. See docs/howto/load.md. It needs haproxy, and says so with status 77 where there is none.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from harness import (
    LOOPBACK,
    RunningProxy,
    RunningSimulator,
    free_port,
    is_listening,
    judged,
    raise_open_files,
    scratch,
    wait_for,
    watch_errors,
)
from peer import Place, connect
from people import (
    PATH,
    PERIOD_S,
    SIMULATOR_RATE_HZ,
    Figures,
    Session,
    Speech,
    heard_options,
    settings_of,
    spoken,
    words_of,
)
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, gatherResults

CONFIGURATION = Path(__file__).parent.parent / "deploy" / "haproxy.cfg"
SKIPPED = 77
FRAME_MS = 40
ANSWER_S = 10.0
AGAIN_S = 0.5
ANSWER_BYTES_PER_S = 2 * SIMULATOR_RATE_HZ
CROSSING_S = 0.25
"""What was sent so short a time before the goodbye came had not been read when that was sent."""
UP_AGAIN_S = 5.0
"""HAProxy looks every second, and wants two good answers."""
NEW_CLIENT_S = 0.25


class Came(Enum):
    """What became of a turn."""

    ANSWERED = "answered, once and by its own answer"
    TOLD = "not finished when the client was told to go; asked again"
    CROSSED = "sent while the goodbye was on its way; asked again"
    LOST = "LOST"


class Call(Session):
    """One call; it notes when it was told to go."""

    told_at_s: float | None = None

    def heard(self, message: dict) -> None:
        if message["type"] == "Error" and message["code"] == "SERVER_GOING_AWAY":
            self.figures.counts["calls told to go"] += 1
            self.told_at_s = reactor.seconds()
            return
        super().heard(message)

    def refused(self) -> None:
        self.figures.counts[f"calls refused with {self.status}"] += 1
        self.is_leaving = True

    def ended(self) -> None:
        if self.told_at_s is not None:
            self.is_leaving = True
        super().ended()

    @property
    def is_up(self) -> bool:
        return self.status == 101 and self.told_at_s is None and not self.over.called


class Client:
    """Somebody who goes on over all calls."""

    def __init__(self, figures: Figures, port: int, number: int, chance: random.Random) -> None:
        self.figures, self.chance = figures, chance
        self.name = f"client{number}"
        self.place = Place(port, PATH)
        self.call: Call | None = None
        self.spoken = 0

    async def live(self, speech: Speech | None, is_over: Callable[[], bool]) -> None:
        await pause(self.chance.random() * PERIOD_S)
        while not is_over():
            await self.be_in_a_call()
            came = await (self.write() if speech is None else self.speak(speech))
            self.figures.counts[f"turns {came.value}"] += 1
            if came is Came.LOST:
                self.figures.fail(
                    f"{self.name}: {self.call.asked[-1]!r} was lost; the last it heard was {self.call.lines[-1:]}"
                )
        self.call.leave()

    async def be_in_a_call(self) -> None:
        while self.call is None or not self.call.is_up:
            if self.call is not None:
                self.figures.counts["calls begun again"] += 1
            self.call, self.spoken = Call(self.figures, self.place, self.name, settings_of(self.name)), 0
            connect(reactor, self.call)
            await self.call.ready
            if not self.call.is_up:
                await pause(AGAIN_S)

    async def speak(self, speech: Speech) -> Came:
        """One sentence in real time, with the silence after it."""
        call, begun_s, finished_s = self.call, reactor.seconds(), None
        self.spoken += 1
        call.asked.append(f"{self.name} You said: {words_of(self.spoken)}")
        for number, frame in enumerate(speech.frames):
            if not call.is_up:
                break
            call.write(frame)
            if number == speech.last:
                finished_s = reactor.seconds()
            await pause(max(0.0, begun_s + (number + 1) * FRAME_MS / 1000 - reactor.seconds()))
        return self.outcome(call, finished_s)

    async def write(self) -> Came:
        """One written turn; the answer is listened to, and thought about, before the next."""
        call = self.call
        call.answer_bytes = 0
        call.ask()
        sent_s = reactor.seconds()
        while call.is_up and call.done < len(call.asked) and reactor.seconds() < sent_s + ANSWER_S:
            await pause(0.01)
        came = self.outcome(call, sent_s)
        await pause(call.answer_bytes / ANSWER_BYTES_PER_S + self.chance.random() * 2)
        return came

    def outcome(self, call: Call, finished_s: float | None) -> Came:
        if call.lines == call.asked and call.done == len(call.asked):
            return Came.ANSWERED
        if call.told_at_s is None:
            return Came.LOST
        if finished_s is None:
            return Came.TOLD
        has_begun = len(call.lines) == len(call.asked)
        return Came.CROSSED if call.told_at_s - finished_s <= CROSSING_S and not has_begun else Came.LOST


class NewClient(Session):
    """Comes for a moment; it is to be let in whatever is restarted."""

    def heard(self, message: dict) -> None:
        if message["type"] == "Welcome":
            self.figures.counts["new clients let in"] += 1
            self.leave()

    def refused(self) -> None:
        self.figures.counts[f"new clients refused with {self.status}"] += 1
        self.figures.fail(f"a new client was refused with {self.status}")
        self.is_leaving = True


async def pause(seconds: float) -> None:
    await task.deferLater(reactor, seconds)


async def until(condition, within_s: float, what: str) -> None:
    """Wait for it without keeping the clients waiting."""
    end_s = reactor.seconds() + within_s
    while not condition():
        if reactor.seconds() > end_s:
            raise RuntimeError(f"after {within_s:g} s still: {what}")
        await pause(0.05)


class House:
    """HAProxy with the configuration of `deploy/`, in which only the ports are others, and what stands behind it."""

    def __init__(self, haproxy: str, drain_s: float) -> None:
        self.directory = scratch("rolling")
        self.simulator = RunningSimulator(*heard_options(200))
        self.ports = [free_port() for _ in range(2)]
        self.admin_ports = [free_port() for _ in range(2)]
        self.drain_s = drain_s
        self.proxies = [self.proxy(number, waits=True) for number in range(2)]
        self.port = free_port()
        text = CONFIGURATION.read_text()
        for old, new in {
            "bind 127.0.0.1:8080": f"bind {LOOPBACK}:{self.port}",
            "127.0.0.1:8081 port 9081": f"{LOOPBACK}:{self.ports[0]} port {self.admin_ports[0]}",
            "127.0.0.1:8082 port 9082": f"{LOOPBACK}:{self.ports[1]} port {self.admin_ports[1]}",
        }.items():
            if text.count(old) != 1:
                raise SystemExit(f"{CONFIGURATION} has not one {old!r}")
            text = text.replace(old, new)
        path = self.directory / "haproxy.cfg"
        path.write_text(text)
        with (self.directory / "haproxy.log").open("w") as log:
            self.haproxy = subprocess.Popen([haproxy, "-db", "-f", path], stdout=log, stderr=log)
        wait_for(self.port)

    def proxy(self, number: int, *, waits: bool) -> RunningProxy:
        return RunningProxy(
            self.simulator.url,
            self.directory / f"turngate-{number}.log",
            ("--admin", str(self.admin_ports[number])),
            {"drain_s": self.drain_s},
            self.ports[number],
            waits=waits,
        )

    async def restart(self, number: int) -> str:
        """Drain one, and start it again; gives what there is to say of it."""
        begun_s = reactor.seconds()
        process = self.proxies[number].process
        self.proxies[number].ask_to_stop()
        await until(lambda: process.poll() is not None, self.drain_s + 10, f"process {number} runs")
        drained_s = reactor.seconds() - begun_s
        self.proxies[number] = self.proxy(number, waits=False)
        await until(lambda: is_listening(self.ports[number]), 20, f"process {number} does not listen")
        await pause(UP_AGAIN_S)
        return f"process {number} ended {drained_s:.1f} s after SIGTERM, with status {process.returncode}"

    def close(self) -> list[int]:
        self.haproxy.terminate()
        self.haproxy.wait()
        return [running.stop() for running in (*self.proxies, self.simulator)]

    @property
    def logs(self) -> str:
        return "".join(proxy.words for proxy in self.proxies)


async def run(house: House, figures: Figures, options) -> list[str]:
    said: list[str] = []
    chance = random.Random(options.seed)
    clients = [Client(figures, house.port, number, random.Random(chance.random())) for number in range(options.clients)]
    speech = spoken(FRAME_MS)
    end = Deferred()
    live = [
        Deferred.fromCoroutine(client.live(speech if number % 2 else None, lambda: end.called))
        for number, client in enumerate(clients)
    ]
    news = task.LoopingCall(new_client, figures, house.port)
    news.start(NEW_CLIENT_S)
    await pause(PERIOD_S + options.calm_s)
    for _ in range(options.rounds):
        for number in range(2):
            said.append(await house.restart(number))
            await pause(options.calm_s)
    news.stop()
    end.callback(None)
    await gatherResults(live)
    await pause(1.0)
    return said


def new_client(figures: Figures, port: int) -> None:
    connect(reactor, NewClient(figures, Place(port, PATH), "a new client", {}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=60)
    parser.add_argument("--drain-s", type=float, default=20, help="how long calls may take to come to a quiet moment")
    parser.add_argument("--calm-s", type=float, default=20, help="between two restarts")
    parser.add_argument("--rounds", type=int, default=1, help="how often each process is restarted")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    haproxy = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if haproxy is None:
        print("SKIPPED: there is no haproxy, and nothing was tried; apt-get install haproxy", file=sys.stderr)
        return SKIPPED
    raise_open_files()
    reactor.seconds = time.monotonic
    house = House(haproxy, options.drain_s)
    figures = Figures()
    watch_errors(figures.fail)
    said: list[str] = []

    async def all_of_it(_: object) -> None:
        said.extend(await run(house, figures, options))

    try:
        task.react(lambda r: Deferred.fromCoroutine(all_of_it(r)))
    except SystemExit as end:
        if end.code:
            figures.fail(f"the run ended with {end.code}")
    statuses = house.close()
    logs, counts = house.logs, figures.counts
    print(
        f"{options.clients} clients, two processes, each restarted {options.rounds} times, drain_s {options.drain_s:g}"
    )
    for line in said:
        print(f"  {line}")
    for name, n in sorted(counts.items()):
        print(f"  {name:<70}{n:>8}")
    print(f"  {'calls that the processes cut at drain_s (drain.cut)':<70}{logs.count('drain.cut'):>8}")
    print(f"  the logs: {house.directory}")
    checks = {
        "both were drained and started again": len(said) == 2 * options.rounds and all("status 0" in x for x in said),
        "no turn was lost": not counts[f"turns {Came.LOST.value}"] and counts[f"turns {Came.ANSWERED.value}"] > 0,
        "every client that was told to go came back": counts["calls told to go"] > 0 and not counts["sessions cut"],
        "every new client was let in, no warning, no other error": not figures.failures,
        "no traceback in a log, and all ended with 0": "Traceback" not in logs and not any(statuses),
    }
    return judged(checks, figures.failures)


if __name__ == "__main__":
    sys.exit(main())
