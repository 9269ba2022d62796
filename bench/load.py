"""
A thousand sessions in one process of the proxy for ten minutes: a hundred people talk, the rest wait; then a storm.

    .venv/bin/python bench/load.py [--sessions 1000] [--talking 100] [--seconds 600] [--frame-ms 40] [--speed 8]

The proxy, the simulator and the clients run in a process each. The second half of the time strangers come and go beside
the clients: some never read, some flood, some never finish their handshake, many connect and leave. It prints what was
counted and how late answers were in both halves, and exits with 1 if anything was lost, if memory did not come back, or
if the proxy failed anywhere.
"""

import argparse
import random
import sys
import time
from collections import Counter

from harness import Running, RunningProxy, RunningSimulator, judged, raise_open_files, scratch, watch_errors
from hostile import Storm
from peer import Place, connect
from people import (
    PATH,
    PERIOD_S,
    Direct,
    Figures,
    Newcomer,
    Session,
    Talker,
    address,
    appended,
    heard_options,
    settings_of,
    spoken,
)
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, DeferredList

OPENED_PER_S = 50
ASKED_PER_S = 25
"""How fast those that waited are asked at the end whether they are still there."""
WITHIN_S = 30
KEEP_ALIVE_S = 20
PINGS_PER_S = 20
DIRECT = 10
"""Calls straight to the simulator, for comparison."""
SETTLE_S = 5
CUT_OFF_S = 45
"""How long a session may outlast a client that was cut off, as those of the storm are: `resume_s`, and some."""
BLOCKS_SHARE, MEMORY_SHARE = 0.02, 0.10
"""By how much what Python holds, and what is resident, may be more at last; see docs/howto/load.md."""

AT_FIRST, AS_MANY, AT_LAST = (
    "with no session, at first",
    "with none, after as many had been there",
    "with none, at last",
)


class Meter:
    """What the proxy costs, phase by phase."""

    def __init__(self, proxy: Running, simulator: Running, figures: Figures) -> None:
        self.proxy, self.simulator, self.figures = proxy, simulator, figures
        self.cpu: dict[str, float] = {}
        self.most_kib: dict[str, int] = {}
        self._last = (reactor.seconds(), proxy.cpu_s, simulator.cpu_s)
        self._lag = task.LoopingCall(self._late)
        self._due_s = reactor.seconds()

    def watch(self) -> None:
        task.LoopingCall(self._look).start(1.0)
        self._late()

    def phase(self, name: str) -> None:
        """Close one phase, and begin another."""
        now = (reactor.seconds(), self.proxy.cpu_s, self.simulator.cpu_s)
        took_s = max(now[0] - self._last[0], 1e-9)
        self.cpu[self.figures.phase] = (now[1] - self._last[1]) / took_s
        self.cpu[f"{self.figures.phase} simulator"] = (now[2] - self._last[2]) / took_s
        self._last = now
        self.figures.phase = name

    def _look(self) -> None:
        phase = self.figures.phase
        self.most_kib[phase] = max(self.most_kib.get(phase, 0), self.proxy.rss_kib)

    def _late(self) -> None:
        """How late this process itself is: what it measures of others cannot be finer."""
        now_s = reactor.seconds()
        self.figures.took("lateness of the clients' own process", max(0.0, now_s - self._due_s))
        self._due_s = now_s + 0.05
        reactor.callLater(0.05, self._late)


async def within(waiting: list[Deferred], seconds: float) -> None:
    """Wait for all of them, or for so long."""
    everything = DeferredList(waiting, consumeErrors=True)
    timer = reactor.callLater(seconds, everything.cancel)
    await everything
    if timer.active():
        timer.cancel()


async def pause(seconds: float) -> None:
    await task.deferLater(reactor, seconds)


async def looked(proxy: RunningProxy) -> None:
    """Have the proxy write down its memory, which takes it a moment."""
    lines = proxy.look_at_memory()
    while len(proxy.memory) < lines:
        await pause(0.1)


async def opened(figures: Figures, port: int, options) -> list[Session]:
    """All sessions, open and with their settings."""
    sessions: list[Session] = []
    for number in range(options.sessions):
        kind = Talker if number < options.talking else Session
        name = f"client{number}"
        place = Place(port, PATH, {"X-Forwarded-For": address(number)})
        sessions.append(connect(reactor, kind(figures, place, name, settings_of(name))))
        await pause(1 / OPENED_PER_S)
    await within([session.ready for session in sessions], WITHIN_S)
    return sessions


async def left(sessions: list[Session]) -> None:
    """All of them hang up, and are gone."""
    for number, session in enumerate(sessions):
        session.leave()
        if number % 10 == 0:
            await pause(10 / ASKED_PER_S / 4)
    await within([session.over for session in sessions], WITHIN_S)


async def run(proxy: RunningProxy, simulator: RunningSimulator, figures: Figures, meter: Meter, options) -> dict:
    memory = {AT_FIRST: proxy.rss_kib}
    await looked(proxy)
    # what a process keeps of its first thousand sessions (caches, arenas, code) is no leak
    by_kind = {Talker: spoken(options.frame_ms), Direct: appended(options.frame_ms)}
    before = await opened(figures, proxy.port, options)
    for number, session in enumerate(before):
        if isinstance(session, Talker):
            delay_s = number * PERIOD_S / options.talking
            reactor.callLater(delay_s, session.begin, by_kind[Talker], options.frame_ms / 1000, 1)
        else:
            session.ask()
            await pause(1 / ASKED_PER_S)
    await pause(2 * PERIOD_S)
    await left(before)
    await pause(SETTLE_S)
    memory[AS_MANY] = proxy.rss_kib
    await looked(proxy)
    for session in before:
        judge(figures, session)
    figures.counts.clear()

    sessions = await opened(figures, proxy.port, options)
    memory["with all sessions, idle"] = proxy.rss_kib
    talkers = [session for session in sessions if isinstance(session, Talker)]
    idle = [session for session in sessions if not isinstance(session, Talker)]
    direct = [
        connect(reactor, Direct(figures, Place(simulator.port, "/v1/realtime"), f"direct{number}", {}))
        for number in range(DIRECT)
    ]
    await within([one.ready for one in direct], WITHIN_S)

    def ask_how_late() -> None:
        begun_s, phase = reactor.seconds(), figures.phase
        random.choice(idle or sessions).ping(lambda: figures.took("ping", reactor.seconds() - begun_s, phase))

    loops = [task.LoopingCall(ask_how_late), task.LoopingCall(new_client, figures, proxy.port)]
    loops[0].start(1 / PINGS_PER_S)
    loops[1].start(1.0)
    lives = [task.LoopingCall(session.keep_alive) for session in idle]
    for number, life in enumerate(lives):
        reactor.callLater(number * KEEP_ALIVE_S / len(lives), life.start, KEEP_ALIVE_S)

    turns = int(options.seconds / PERIOD_S)
    meter.phase("calm")
    for number, talker in enumerate([*talkers, *direct]):
        start_s = number * PERIOD_S / (len(talkers) + len(direct))
        reactor.callLater(start_s, talker.begin, by_kind[type(talker)], options.frame_ms / 1000, turns)
    await pause(options.seconds / 2)
    memory["with all sessions, after the calm half"] = proxy.rss_kib
    storm = Storm(reactor, lambda whose: Place(proxy.port, PATH, {"X-Forwarded-For": whose}), settings_of("storm"))
    meter.phase("storm")
    if not options.calm:
        storm.begin()
    await pause(options.seconds / 2)
    if not options.calm:
        storm.end()
    meter.phase("ending")
    gone_s = reactor.seconds() + CUT_OFF_S
    memory["with all sessions, after the storm"] = proxy.rss_kib
    await pause(PERIOD_S + 3.0)
    for session in idle:
        session.ask()
        await pause(1 / ASKED_PER_S)
    await pause(5.0)
    for session in (*sessions, *direct):
        judge(figures, session)
    for loop in (*loops, *lives):
        if loop.running:
            loop.stop()
    for one in direct:
        one.leave()
    await left(sessions)
    await pause(max(SETTLE_S, gone_s - reactor.seconds()))
    memory[AT_LAST] = proxy.rss_kib
    await looked(proxy)
    return {"memory": memory, "storm": storm.counts}


def new_client(figures: Figures, port: int) -> None:
    connect(reactor, Newcomer(figures, Place(port, PATH, {"X-Forwarded-For": f"10.2.0.{random.randrange(256)}"})))


def judge(figures: Figures, session: Session) -> None:
    """Each turn of a session was answered once, by its own answer, in order and to its end."""
    kind = "direct" if isinstance(session, Direct) else "client"
    figures.counts[f"{kind} turns asked"] += len(session.asked)
    answered = Counter(session.lines)
    figures.counts[f"{kind} turns answered"] += sum(1 for words in session.asked if answered[words])
    figures.counts[f"{kind} answers that ended"] += session.done
    figures.counts[f"{kind} bytes of answers"] += session.answer_bytes
    if kind == "direct":
        return
    if session.lines != session.asked:
        lost = [words for words in session.asked if not answered[words]]
        twice = [words for words, times in answered.items() if times > 1]
        strange = [words for words in session.lines if words not in session.asked]
        figures.counts["turns lost"] += len(lost)
        figures.counts["turns answered twice"] += len(twice)
        figures.counts["answers to something else"] += len(strange)
        figures.fail(f"{session.name}: lost {lost[:3]}, twice {twice[:3]}, not asked for {strange[:3]}")


PHASES = ("calm", "storm")
TIMED = ("spoken turn", "direct turn", "ping", "new client", "lateness of the clients' own process")


def print_times(figures: Figures) -> None:
    heads = (f"{phase + ': n':>11}{'p50':>9}{'p99':>9}{'most':>9}" for phase in PHASES)
    print(f"  {'milliseconds':<37}{''.join(heads)}")
    for what in TIMED:
        found = (figures.quantiles(what, phase) for phase in PHASES)
        cells = (f"{n:>11}{p50:>9.1f}{p99:>9.1f}{most:>9.1f}" for n, p50, p99, most in found)
        print(f"  {what:<37}{''.join(cells)}")
    for place, name in ((1, "p50"), (2, "p99")):
        calm, storm = (
            figures.quantiles("spoken turn", phase)[place] - figures.quantiles("direct turn", phase)[place]
            for phase in PHASES
        )
        print(f"  added to a spoken turn, {name}: {calm:.1f} ms calm, {storm:.1f} ms storm")


def print_costs(meter: Meter, memory: dict[str, int], looks: list[dict[str, int]], sessions: int) -> None:
    for phase in PHASES:
        shares = f"proxy {meter.cpu.get(phase, 0.0):.0%}, simulator {meter.cpu.get(f'{phase} simulator', 0.0):.0%}"
        print(f"  of a core, {phase}: {shares}; resident at most {meter.most_kib.get(phase, 0)} KiB")
    for name, kib in memory.items():
        print(f"  resident {name:<56}{kib:>9} KiB")
    first, many, _ = looks
    full = memory["with all sessions, idle"]
    above = [(full - look["trimmed_kib"]) / sessions for look in (many, first)]
    print(f"  an idle session takes {above[0]:.1f} KiB, and {above[1]:.1f} KiB in a new process")
    for name, look in zip((AT_FIRST, AS_MANY, AT_LAST), looks, strict=True):
        print(f"  {name}: {look['blocks']} blocks held, {look['trimmed_kib']} KiB resident when trimmed")


def printed(figures: Figures, meter: Meter, outcome: dict, options, proxy: RunningProxy) -> int:
    memory: dict[str, int] = outcome["memory"]
    print(
        f"{options.sessions} sessions, {options.talking} talk ({options.frame_ms} ms frames), {options.seconds:.0f} s"
    )
    for name, n in sorted(figures.counts.items()):
        print(f"  {name:<57}{n:>11}")
    for name, n in sorted(outcome["storm"].items()):
        print(f"  storm: {name:<50}{n:>11}")
    print_times(figures)
    print_costs(meter, memory, proxy.memory, options.sessions)
    words, counts = proxy.words, figures.counts
    print(f"  the proxy's log has {words.count('reactor.stalled')} times reactor.stalled: {proxy.log}")
    _, base, last = proxy.memory
    checks = {
        "every session held to its end": counts["sessions"] == options.sessions and not counts["sessions cut"],
        "every turn answered once, by its own answer": counts["client turns asked"]
        == counts["client turns answered"]
        == counts["client answers that ended"]
        and not counts["turns answered twice"]
        and not counts["answers to something else"],
        "every new client let in, no warning and no error": not figures.failures,
        "no more is held than before": last["blocks"] <= base["blocks"] * (1 + BLOCKS_SHARE),
        "memory came back, when trimmed": last["trimmed_kib"] <= base["trimmed_kib"] * (1 + MEMORY_SHARE),
        "no traceback in the proxy's log": "Traceback" not in words,
    }
    return judged(checks, figures.failures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--talking", type=int, default=100, help="how many of them speak")
    parser.add_argument("--seconds", type=float, default=600, help="half of it calm, half of it in the storm")
    parser.add_argument("--frame-ms", type=int, default=40, choices=(20, 40), help="of speech in a message")
    parser.add_argument("--speed", type=float, default=8, help="of the simulated speech, times real time")
    parser.add_argument("--calm", action="store_true", help="no storm in the second half, to compare")
    options = parser.parse_args()
    reactor.seconds = time.monotonic
    raise_open_files()
    simulator = RunningSimulator("--speed", str(options.speed), *heard_options(int(options.seconds / PERIOD_S)))
    proxy = RunningProxy(
        simulator.url,
        scratch("load") / "turngate.log",
        settings={"trusted_proxies": 1, "max_sessions": options.sessions + 100},
    )
    figures = Figures()
    meter = Meter(proxy, simulator, figures)
    meter.watch()
    watch_errors(figures.fail)
    outcome: dict = {}

    async def all_of_it(_: object) -> None:
        outcome.update(await run(proxy, simulator, figures, meter, options))

    try:
        task.react(lambda r: Deferred.fromCoroutine(all_of_it(r)))
    except SystemExit as end:
        if end.code:
            figures.fail(f"the run ended with {end.code}")
    statuses = proxy.stop(), simulator.stop()
    if statuses != (0, 0):
        figures.fail(f"the proxy and the simulator ended with {statuses}")
    return printed(figures, meter, outcome, options, proxy) if outcome else judged({"it ran": False}, figures.failures)


if __name__ == "__main__":
    sys.exit(main())
