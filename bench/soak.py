"""
Two hundred sessions for a minute against the simulator: turns, tool calls and prompt updates at random.

    .venv/bin/python bench/soak.py [--sessions 200] [--seconds 60] [--seed 1]

The proxy runs as `twistd turngate` in a process of its own, the simulator in another, the clients in this one. It
prints what was counted on both sides, and exits with 1 unless every turn was answered, every update acknowledged once,
and no request refused for an active response.
"""

import argparse
import random
import sys
from collections import Counter

from harness import RunningProxy, RunningSimulator, judged, scratch
from twisted.internet import reactor, task
from twisted.internet.defer import CancelledError, Deferred, gatherResults

from turngate.cli.line import Audio, Line, open_line
from turngate.proxy.ports import Closed

TOOL = {"name": "get_time", "description": "Tells the time.", "parameters": {"type": "object", "properties": {}}}
SETTINGS = {
    "type": "Settings",
    "audio": {
        "input": {"encoding": "linear16", "sample_rate": 24000},
        "output": {"encoding": "linear16", "sample_rate": 24000},
    },
    "agent": {
        "think": {
            "provider": {"type": "open_ai", "model": "gpt-realtime"},
            "prompt": "Be brief.",
            "functions": [TOOL],
        }
    },
}
WITHIN_S = 30.0


class Client:
    """One session that keeps count of what it asked for and what it got."""

    def __init__(self, number: int, chance: random.Random, counts: Counter, until: float) -> None:
        self.number = number
        self.chance = chance
        self.counts = counts
        self.until = until
        self.line: Line | None = None
        self.updates_open = 0

    async def run(self, url: str) -> None:
        line = self.line = await open_line(reactor, url)
        await self.hear_until("Welcome")
        line.say(SETTINGS)
        await self.hear_until("SettingsApplied")
        self.counts["sessions"] += 1
        turn = 0
        while reactor.seconds() < self.until:
            turn += 1
            await self.turn(turn)
            await task.deferLater(reactor, self.chance.random() * 0.2)
        while self.updates_open:
            await self.hear_until("PromptUpdated")
        line.hang_up()
        while not isinstance(await self.hear(), Closed):
            pass

    async def turn(self, turn: int) -> None:
        """One turn of a random kind, to the end of its answer."""
        words = f"word{self.number}x{turn}"
        tool = self.chance.random() < 0.3
        self.say({"type": "InjectUserMessage", "content": f"What time is it, {words}?" if tool else words})
        self.counts["turns asked"] += 1
        updates = self.chance.choice((0, 0, 1, 2))
        answered = self.chance.random()
        while True:
            if updates and self.chance.random() < 0.4:
                updates -= 1
                self.updates_open += 1
                self.counts["updates asked"] += 1
                self.say({"type": "UpdatePrompt", "prompt": f"Note {turn}."})
            heard = await self.hear()
            if isinstance(heard, Audio):
                self.counts["audio frames"] += 1
                continue
            if isinstance(heard, Closed):
                raise RuntimeError(f"session {self.number} closed: {heard}")
            self.take(heard)
            if heard["type"] == "FunctionCallRequest":
                for call in heard["functions"]:
                    self.counts["tool calls"] += 1
                    await task.deferLater(reactor, answered * 0.05)
                    self.say(
                        {
                            "type": "FunctionCallResponse",
                            "id": call["id"],
                            "name": call["name"],
                            "content": f"noon {words}",
                        }
                    )
            elif heard["type"] == "ConversationText" and heard["role"] == "assistant":
                if words not in heard["content"]:
                    self.counts["answers to something else"] += 1
            elif heard["type"] == "AgentAudioDone":
                self.counts["turns answered"] += 1
                return

    def take(self, heard: dict) -> None:
        self.counts[heard["type"]] += 1
        if heard["type"] == "PromptUpdated":
            self.updates_open -= 1
            self.counts["updates acknowledged"] += 1
            if self.updates_open < 0:
                self.counts["updates acknowledged twice"] += 1
        elif heard["type"] in ("Warning", "Error") and heard["code"] != "SETTINGS_FIELDS_IGNORED":
            self.counts[f"{heard['type']} {heard['code']}"] += 1

    async def hear_until(self, kind: str) -> None:
        while True:
            heard = await self.hear()
            if isinstance(heard, Closed):
                raise RuntimeError(f"session {self.number} closed: {heard}")
            if isinstance(heard, dict):
                self.take(heard)
                if heard["type"] == kind:
                    return

    async def hear(self):
        waiting = self.line.hear()
        timer = reactor.callLater(WITHIN_S, waiting.cancel)
        try:
            return await waiting
        except CancelledError:
            raise RuntimeError(f"session {self.number} heard nothing for {WITHIN_S} s") from None
        finally:
            if timer.active():
                timer.cancel()

    def say(self, message: dict) -> None:
        self.line.say(message)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=40, help="of the simulated speech, times real time")
    options = parser.parse_args()
    simulator = RunningSimulator("--speed", str(options.speed))
    proxy = RunningProxy(simulator.url, scratch("soak") / "turngate.log")
    counts: Counter = Counter()
    failures: list[str] = []
    before_kib = proxy.rss_kib

    async def run(_: object) -> None:
        until = reactor.seconds() + options.seconds
        url = f"ws://127.0.0.1:{proxy.port}/v1/agent/converse"

        async def one(number: int) -> None:
            await task.deferLater(reactor, number * 0.01)
            try:
                await Client(number, random.Random(f"{options.seed}:{number}"), counts, until).run(url)
            except Exception as error:  # noqa: BLE001 - every failure is printed
                failures.append(f"{type(error).__name__}: {error}")

        await gatherResults([Deferred.fromCoroutine(one(number)) for number in range(options.sessions)])

    try:
        task.react(lambda r: Deferred.fromCoroutine(run(r)))
    except SystemExit as end:
        if end.code:
            failures.append(f"the run ended with {end.code}")
    after_kib = proxy.rss_kib
    statuses = proxy.stop(), simulator.stop()
    server = simulator.counted()
    print(f"{options.sessions} sessions, {options.seconds:.0f} s, seed {options.seed}")
    for name in sorted(counts):
        print(f"  client    {name:<34}{counts[name]:>8}")
    for name in sorted(server):
        print(f"  upstream  {name:<34}{server[name]:>8}")
    print(f"  proxy     {'resident KiB before / after':<34}{before_kib:>8} / {after_kib}")
    checks = {
        "every session held to its end": not failures and counts["sessions"] == options.sessions,
        "every turn answered, by its own answer": counts["turns asked"] == counts["turns answered"]
        and not counts["answers to something else"],
        "every update acknowledged exactly once": counts["updates asked"] == counts["updates acknowledged"]
        and not counts["updates acknowledged twice"],
        "no request refused for an active response": not server["creates_refused_active"]
        and not server["updates_refused_active"],
        "no error and no traceback": not any(n.startswith("Error ") for n in counts) and "Traceback" not in proxy.words,
        "the proxy and the simulator ended with 0": statuses == (0, 0),
    }
    return judged(checks, failures)


if __name__ == "__main__":
    sys.exit(main())
