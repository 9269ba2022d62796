"""
What a message, a session and a handshake cost, beside a plain Autobahn relay in the same run.

    .venv/bin/python bench/speed.py [--rounds 3] [--sessions 100] [--seconds 5] [--growth] [--workers N] [--page FILE]

The proxy runs as `twistd turngate` with all that it does, the relay (``plain_relay.py``) and the upstream in processes
of their own, the clients in another. Rounds of the two alternate, and medians are shown: only ratios of one run say
something. ``--growth`` measures from 1 to 1,000 speaking sessions as well. ``--page`` writes the tables as Markdown,
and a plot beside it.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from ends import PIECES, Client, Rounds, serve
from harness import BINARIES, LOOPBACK, free_port, raise_open_files, wait_for

HERE = Path(__file__).parent
PATHS = {"proxy": "/v1/agent/converse", "plain": "/"}
GROWTH = (1, 10, 100, 300, 1000)
FRAME_S = 0.02
WITHIN_S = 120
AHEAD = 2
"""How many of its 50 pieces of audio a saturating client sends before it was told of the one before."""

Figures = dict[str, float]


# --- the load, in a process of its own --------------------------------------------------------------------------------


async def speak(client: Client, number: int, seconds: float) -> None:
    """Speech in real time; every other client writes a turn every two seconds, too."""
    start = time.perf_counter() + FRAME_S * (number * 0.618 % 1)
    client.asks = number % 2 == 0
    turn = 10 + number * 7 % 35
    due = start
    while due < start + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        client.speak()
        if client.asks and client.sent % 100 == turn:
            client.ask()
        due += FRAME_S
    await asyncio.sleep(0.3)


async def flood(client: Client, _number: int, pieces: float) -> None:
    """As much speech as goes."""
    for piece in range(int(pieces)):
        client.speak()
        if piece % 50 == 49:
            while client.began < piece // 50 - AHEAD:
                await asyncio.sleep(0.0005)
    while client.began < int(pieces) // 50:
        await asyncio.sleep(0.001)


async def listen(client: Client, _number: int, turns: float) -> None:
    """As many answers as go, one after the other."""
    for _ in range(int(turns)):
        client.pieces, client.wanted = 0, PIECES
        client.answered = asyncio.get_running_loop().create_future()
        client.ask()
        await asyncio.wait_for(client.answered, 60)
        # the end of the answer has no sound
        await asyncio.sleep(0.003)


async def wait(_client: Client, _number: int, seconds: float) -> None:
    await asyncio.sleep(seconds)


DOES: dict[str, Callable[[Client, int, float], Awaitable[None]]] = {
    "paced": speak, "up": flood, "down": listen, "idle": wait,
}  # fmt: skip


async def load(mode: str, port: int, path: str, pid: int, sessions: int, much: float) -> Figures:
    """One load; gives the figures."""
    rounds, before_kib, began = Rounds(), rss_kib(pid), time.perf_counter()
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    for _ in range(sessions):
        _, client = await loop.create_connection(lambda: Client(rounds, path), LOOPBACK, port)
        clients.append(client)
        if len(clients) % 50 == 0:
            await asyncio.wait_for(asyncio.gather(*(one.ready for one in clients[-50:])), 60)
    await asyncio.wait_for(asyncio.gather(*(one.ready for one in clients)), 60)
    figures: Figures = {"set up per s": sessions / (time.perf_counter() - began)}
    spent_s, began = cpu_s(pid), time.perf_counter()
    await asyncio.gather(*(DOES[mode](one, number, much) for number, one in enumerate(clients)))
    if rounds.errors:
        raise SystemExit(rounds.errors[0])
    if mode == "idle":
        return {**figures, "KiB a session": (rss_kib(pid) - before_kib) / sessions}
    messages = sum(one.sent for one in clients) if mode == "up" else int(much) * sessions * PIECES
    if mode == "paced":
        messages = sum(one.sent + one.pieces for one in clients)
        for name, times in (("ack", rounds.ack), ("first", rounds.first)):
            times.sort()
            for share in (50, 99):
                figures[f"{name} p{share} ms"] = times[min(len(times) - 1, len(times) * share // 100)] * 1000
        figures["KiB a busy session"] = (rss_kib(pid) - before_kib) / sessions
    spent_s = cpu_s(pid) - spent_s
    figures["CPU us a message"] = spent_s / messages * 1e6
    figures["% of a core"] = spent_s / (time.perf_counter() - began) * 100
    return figures


def tree(pid: int) -> list[int]:
    """A process, and all below it."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            pids += tree(int(child))
    return pids


def cpu_s(pid: int) -> float:
    ticks = 0
    for one in tree(pid):
        words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rss_kib(pid: int) -> float:
    return sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) * 4 for one in tree(pid))


# --- the runs ---------------------------------------------------------------------------------------------------------


def command(contender: str, port: int, upstream: str, options: list[str]) -> list[str]:
    if contender == "plain":
        return [sys.executable, str(HERE / "plain_relay.py"), str(port), upstream]
    listen = f"tcp:{port}:interface={LOOPBACK}:backlog=2000"
    twistd = [str(BINARIES / "twistd"), "--nodaemon", "--pidfile=", "turngate"]
    return [*twistd, "--listen", listen, "--upstream", upstream, *options]


def one_round(contender: str, loads: list[tuple[str, int, float]], options: list[str]) -> Figures:
    """A fresh process of a contender for each load, since the sessions of one would be in the way of the next."""
    figures: Figures = {}
    for mode, sessions, much in loads:
        found = one_load(contender, mode, sessions, much, options)
        figures |= {f"{mode} {sessions}: {name}": value for name, value in found.items()}
    return figures


def one_load(contender: str, mode: str, sessions: int, much: float, options: list[str]) -> Figures:
    """One load on one fresh process."""
    port, upstream = free_port(), free_port()
    variables = {name: value for name, value in os.environ.items() if not name.startswith("TURNGATE_")}
    # the saturating loads are floods by their nature, and all clients have the same address and no key
    variables |= {"OPENAI_API_KEY": "k", "TURNGATE_CLIENT_FRAMES_PER_S": "1000000", "TURNGATE_MAX_SESSIONS": "2000"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    model = subprocess.Popen([sys.executable, __file__, "--serve", str(upstream)])
    wait_for(upstream)
    proxy = subprocess.Popen(command(contender, port, f"ws://{LOOPBACK}:{upstream}/", options), env=variables, **quiet)
    try:
        wait_for(port)
        time.sleep(0.5)
        given = [mode, str(port), PATHS[contender], str(proxy.pid), str(sessions), str(much)]
        outcome = subprocess.run(
            [sys.executable, __file__, "--load", *given], capture_output=True, text=True, timeout=WITHIN_S
        )
    finally:
        for process in (proxy, model):
            process.kill()
            process.wait()
    if outcome.returncode:
        raise SystemExit(f"{contender}, {mode}: {outcome.stderr}")
    figures: Figures = json.loads(outcome.stdout)
    return figures


def compared(loads: list[tuple[str, int, float]], rounds: int, options: list[str]) -> dict[str, Figures]:
    """The medians of each contender; their rounds alternate."""
    found: dict[str, list[Figures]] = {name: [] for name in PATHS}
    for _ in range(rounds):
        for name, rows in found.items():
            rows.append(one_round(name, loads, options if name == "proxy" else []))
    return {name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in found.items()}


def table(medians: dict[str, Figures]) -> str:
    """What was found, as Markdown."""
    lines = ["| load and sessions: figure | proxy | plain | proxy/plain |", "|---|---|---|---|"]
    for key, value in medians["proxy"].items():
        plain = medians["plain"][key]
        lines.append(f"| {key} | {value:.2f} | {plain:.2f} | {value / plain if plain > 0 else float('nan'):.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--growth", action="store_true", help="from 1 to 1,000 speaking sessions, too")
    parser.add_argument("--workers", type=int, default=1, help="processes of the proxy")
    parser.add_argument("--page", type=Path, help="where the tables go, and a plot beside them")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=6, help=argparse.SUPPRESS)
    given = parser.parse_args()
    raise_open_files()
    if given.serve:
        asyncio.run(serve(given.serve))
        return
    if given.load:
        mode, port, path, pid, sessions, much = given.load
        print(json.dumps(asyncio.run(load(mode, int(port), path, int(pid), int(sessions), float(much)))))
        return
    options = ["--workers", str(given.workers)] if given.workers > 1 else []
    loads = [("paced", given.sessions, given.seconds), ("up", 4, 6000.0), ("down", 4, 200.0), ("idle", 300, 1.0)]
    medians = compared(loads, given.rounds, options)
    words = [table(medians)]
    print(words[0])
    if given.growth:
        grown = compared([("paced", sessions, given.seconds) for sessions in GROWTH], given.rounds, options)
        words.append(table(grown))
        print(words[1])
        if given.page:
            from plot import drawn

            given.page.with_suffix(".svg").write_text(drawn(grown, GROWTH))
    if given.page:
        given.page.write_text("\n\n".join(words) + "\n")


if __name__ == "__main__":
    main()
