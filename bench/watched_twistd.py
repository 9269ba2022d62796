"""
`twistd`, which at SIGUSR2 writes a line about its memory; it is asked only when there is no session.

What a process has resident says little of what it holds: the C library keeps what was freed. So Python's own count of
what it holds is told, and what is resident before and after the library has given back what it can.
"""

import ctypes
import gc
import json
import os
import signal
import sys
from pathlib import Path

from twisted.scripts.twistd import run

FIGURES = "BENCH_FIGURES"
"""The variable with the name of the file."""


def resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def look(*_: object) -> None:
    gc.collect()
    figures = {"blocks": sys.getallocatedblocks(), "resident_kib": resident_kib()}
    ctypes.CDLL(None).malloc_trim(0)
    with Path(os.environ[FIGURES]).open("a") as sink:
        print(json.dumps({**figures, "trimmed_kib": resident_kib()}), file=sink, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, look)
    sys.argv[0] = "twistd"
    run()
