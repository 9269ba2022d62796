"""
The ``turngate`` command.

Responsible for choosing the subcommand. Each is imported only when it is asked for, so that ``--help`` is quick.

Must not know: what a subcommand does.
"""

import sys
from collections.abc import Sequence

from turngate import __version__

USAGE = f"""\
turngate {__version__}: talk to a voice proxy, and probe or simulate what stands behind it

usage: turngate talk          hold a conversation with a running proxy, in text or with recorded speech
       turngate check-config  print the configuration in force, or all that is wrong with it
       turngate probe         find out what a server of the Realtime protocol does
       turngate simulate      serve a simulated OpenAI Realtime API
       turngate token         make a key for a client, or sign a token
       turngate version       print the version

Each has its own --help. The proxy itself is started by: twistd -n --pidfile= turngate
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand, and return its exit status."""
    name, *rest = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    match name:
        case "talk":
            from turngate.cli import talk

            return talk.main(rest)
        case "check-config":
            from turngate.cli import check_config

            return check_config.main(rest)
        case "probe":
            from turngate.cli import probe

            return probe.main(rest)
        case "simulate":
            from turngate.simulator import __main__ as simulate

            return simulate.main(rest)
        case "token":
            from turngate.cli import token

            return token.main(rest)
        case "version" | "--version":
            print(__version__)
            return 0
        case "--help" | "-h" | "help":
            print(USAGE, end="")
            return 0
        case _:
            print(
                f"turngate: there is no command {name!r}; "
                "there are talk, check-config, probe, simulate, token and version",
                file=sys.stderr,
            )
            return 2
