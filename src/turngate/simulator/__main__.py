"""
The simulator as a command: ``turngate simulate``, or ``python -m turngate.simulator``.

Responsible for its arguments, for listening until it is told to stop, and for saying in one line what is wrong.

Must not know: anything that :class:`~turngate.simulator.server.Simulator` knows.

Comes from: the command line. Goes to: :class:`~turngate.simulator.server.Simulator`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Final

from attrs import asdict
from twisted.internet import error
from twisted.internet.defer import DeferredList
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure

from turngate.protocols.realtime.dialects import DIALECTS
from turngate.simulator.script import Script
from turngate.simulator.server import Simulator, url_of
from turngate.simulator.session import Manner
from turngate.simulator.stage import Pace

DEFAULT_ENDPOINT: Final = "tcp:8765:interface=127.0.0.1"
ANNOUNCEMENT: Final = "simulator listening on "
SUMMARY: Final = "simulator counted "
"""Before what it counted, as JSON, on the last line."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="turngate simulate",
        description="Serve a simulated OpenAI Realtime API that enforces the API's rules.",
        epilog="It asks for no credentials and should listen where only you can reach it.",
    )
    parser.add_argument(
        "--listen",
        action="append",
        metavar="ENDPOINT",
        help=f"a Twisted server endpoint; may be repeated; port 0 picks a free one (default {DEFAULT_ENDPOINT})",
    )
    parser.add_argument("--speed", type=float, default=8.0, help="times real time; 0 is as fast as can be (default 8)")
    parser.add_argument("--seed", default="0", help="decides ids and chances (default 0)")
    parser.add_argument("--chaos", type=float, default=0.0, metavar="P", help="chance of a fault at any event, 0 to 1")
    parser.add_argument(
        "--heard",
        action="append",
        default=[],
        metavar="TEXT",
        help="what the user is heard to say in the next spoken turn of each session; may be repeated",
    )
    parser.add_argument(
        "--lenient", action="store_true", help="accept a session.update while a response is active, as some servers do"
    )
    parser.add_argument(
        "--dialect", choices=tuple(DIALECTS), default="ga", help="whose server it plays (default ga, OpenAI's)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """
    Serve until SIGINT or SIGTERM.

    Args:
        argv: the arguments without the command's name; None takes those of the process.

    Returns:
        The exit status: 0 after a stop, 1 where an endpoint cannot be listened on, 2 for wrong arguments.
    """
    # imported here, for the import installs it: whoever imports this module for its names chooses their own
    from twisted.internet import reactor

    arguments = _parser().parse_args(argv)
    try:
        manner = Manner(
            pace=Pace(speed=arguments.speed),
            refuse_updates_while_active=not arguments.lenient,
            heard=tuple(arguments.heard),
        )
        dialect = DIALECTS[arguments.dialect]
        script = Script(chaos=arguments.chaos)
        simulator = Simulator(reactor, manner=manner, script=script, seed=arguments.seed, dialect=dialect)
        endpoints = [serverFromString(reactor, text) for text in arguments.listen or [DEFAULT_ENDPOINT]]
    except ValueError as problem:
        print(f"turngate simulate: {problem.args[0]}", file=sys.stderr)
        return 2
    status = 0

    def announce(port: IListeningPort) -> None:
        # when it runs, so that whoever reads the line can stop it at once
        reactor.callWhenRunning(lambda: print(f"{ANNOUNCEMENT}{url_of(port, simulator.path)}", flush=True))

    def give_up(failure: Failure) -> None:
        nonlocal status
        status = 1
        failure.trap(error.CannotListenError)
        print(f"turngate simulate: {failure.getErrorMessage()}", file=sys.stderr)
        reactor.callWhenRunning(reactor.stop)

    for endpoint in endpoints:
        simulator.listen(endpoint).addCallbacks(announce, give_up)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: DeferredList([simulator.stop()]))
    reactor.run()
    if status == 0:
        print(f"{SUMMARY}{json.dumps(asdict(simulator.counters))}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
