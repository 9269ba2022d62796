"""
How many instructions of the processor a message costs, against what it cost when that was written down.

    .venv/bin/python bench/guard.py [--write]

It needs valgrind. The conversation is in memory and always the same (``conversation.py``), so that what is counted does
not depend on how fast the machine is or what else it does: two runs differ by less than a hundredth. It counts a
session with few messages and one with many, one direction at a time, and takes the difference. A cost that is more than
a twentieth above the stored one is a failure; ``--write`` stores what it found.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

STORED = Path(__file__).parent / "guard.json"
TOLERANCE = 1.05
FEW, MANY = 200, 1_200
DIRECTIONS = {
    "up": "20 ms of the user's speech, from 16 to 24 kHz and into base64",
    "down": "100 ms of the agent's speech, out of base64",
}


def hold(direction: str, count: int) -> None:
    """One session, with so many messages in a direction."""
    from conversation import MASK, Conversation, event, pcm, silence_the_log

    from turngate.net import frames

    silence_the_log()
    session = Conversation()
    if direction == "up":
        end, message, seconds = session.client, frames.build(pcm(640), is_binary=True, mask=MASK), 0.02
    else:
        session.event("response.created", response={"id": "r", "status": "in_progress", "output": []})
        place = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
        message = event("response.output_audio.delta", delta=b64encode(pcm(4800)).decode(), **place)
        end, seconds = session.upstream, 0.1
    wire = session.upstream_wire if direction == "up" else session.client_wire
    before = wire.writes
    for _ in range(count):
        end.dataReceived(message)
        session.reactor.rightNow += seconds
    if wire.writes - before < count:
        raise SystemExit(f"of {count} messages {wire.writes - before} went on")


def counted(direction: str, count: int) -> int:
    """The instructions of a whole process that holds such a session."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, __file__, "--hold"]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    outcome = subprocess.run([*command, direction, str(count)], capture_output=True, text=True, env=environment)
    found = re.search(r"Collected : (\d+)", outcome.stderr)
    if outcome.returncode or found is None:
        raise SystemExit(outcome.stderr)
    return int(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store what was found")
    parser.add_argument("--hold", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.hold:
        hold(given.hold[0], int(given.hold[1]))
        return
    if shutil.which("valgrind") is None:
        raise SystemExit("SKIPPED: valgrind is not here, and nothing was counted; install it (apt install valgrind)")
    # once without counting, so that no run has to compile what it imports
    subprocess.run([sys.executable, __file__, "--hold", "up", "1"], check=True)
    found = {name: (counted(name, MANY) - counted(name, FEW)) // (MANY - FEW) for name in DIRECTIONS}
    # another interpreter has other costs
    key = f"{platform.python_implementation()} {platform.python_version()} {platform.machine()}"
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    before = stored.get(key)
    for name, words in DIRECTIONS.items():
        ratio = f"{found[name] / before[name]:.3f} of what was stored" if before else f"nothing is stored for {key}"
        print(f"{name:<5}{found[name]:>9,} instructions a message, {ratio} ({words})")
    if given.write:
        STORED.write_text(json.dumps({**stored, key: found}, indent=2, sort_keys=True) + "\n")
    elif before is None:
        raise SystemExit("SKIPPED: there is nothing to compare with; --write stores this")
    elif any(found[name] > before[name] * TOLERANCE for name in DIRECTIONS):
        raise SystemExit("FAIL: a message costs more than it did; find out why, or store it with a reason")


if __name__ == "__main__":
    main()
