"""
The twistd plugin: its options, and the start.

Responsible for what ``twistd turngate`` understands, and for saying in one line why it cannot start. It is the only
place, besides the commands, that obtains a reactor.

Must not know: what the proxy is made of (``assembly/``).

The listening sockets are bound here, before twistd goes into the background, so that a port in use is one line on the
terminal in either mode. Nothing is accepted before the reactor runs.
"""

import os
import time
from typing import Any, ClassVar, Final

from twisted.application.service import Service
from twisted.python import usage

from turngate import __version__
from turngate.assembly.crew import CrewService, compose_crew
from turngate.assembly.service import TurngateService
from turngate.assembly.signals import take_reload, take_signals
from turngate.assembly.whole import compose
from turngate.errors import ConfigError
from turngate.net import use_reactor
from turngate.ops import config, descriptors
from turngate.ops.loading import Survey, load, surveyed
from turngate.protocols.realtime import DIALECTS

NAMED_ONE_BY_ONE: Final = {"function_hosts": "function_host"}
"""The settings whose option is not called as they are."""
OPTIONS: Final = tuple(f"--{NAMED_ONE_BY_ONE.get(key, key).replace('_', '-')}" for key in (*config.KEYS, "config"))


class Options(usage.Options):
    """The options of ``twistd turngate``."""

    synopsis = "[options]"
    longdesc = (
        "A realtime voice proxy: Deepgram Voice Agent clients on one side, an OpenAI Realtime upstream on the other. "
        "Each option can also be set in the file given by --config (with _ for -) and as TURNGATE_..., and the "
        f"upstream key as {config.KEY_VARIABLE}."
    )
    optFlags: ClassVar = [
        ["allow-anonymous", None, "Listen beyond the loopback although clients need no credentials."],
    ]
    optParameters: ClassVar = [
        [
            "upstream",
            "u",
            None,
            "A ws:// or wss:// URL, with {model} replaced, or 'simulator' [default: OpenAI]",
        ],
        ["upstream-dialect", None, None, f"One of {', '.join(DIALECTS)} [default: by the URL, else ga]"],
        ["model", "m", None, f"The upstream's model [default: {config.DEFAULT_MODEL}]"],
        ["upstream-key-file", "k", None, f"A file that holds the upstream key [default: ${config.KEY_VARIABLE}]"],
        ["client-keys-file", None, None, "A file with the hashes of clients' keys; see turngate token [default: none]"],
        ["component-path", None, None, f"Where components connect [default: {config.DEFAULT_COMPONENT_PATH}]"],
        ["component-settings", None, None, "apply or acknowledge those during a response [default: apply]"],
        ["rollover", None, None, "on or off: go on with another upstream session when one ends [default: on]"],
        ["late-voice", None, None, "refuse it, or move to another upstream session that takes it [default: refuse]"],
        ["workers", None, None, "How many processes share the sessions, or auto for one a core [default: 1]"],
        ["admin", None, None, "A port of the loopback, or an endpoint, to look at the proxy [default: none]"],
        ["admin-token-file", None, None, "A file that holds what is shown there [default: nothing is]"],
        ["log-level", None, None, "debug, info, warn or error [default: info]"],
        ["config", "c", None, "A TOML file with the settings above."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["listen"] = None
        self["function-hosts"] = None

    def opt_listen(self, endpoint: str) -> None:
        """A Twisted server endpoint; may be repeated [default: tcp:8080:interface=127.0.0.1]."""
        self["listen"] = (*(self["listen"] or ()), endpoint)

    opt_l = opt_listen

    def opt_function_host(self, host: str) -> None:
        """A host where functions may be called; may be repeated, is function_hosts in a file [default: none]."""
        self["function-hosts"] = (*(self["function-hosts"] or ()), host)

    def opt_version(self) -> None:
        """Print the version of Turngate and exit."""
        print(f"turngate {__version__}")  # noqa: T201 - it was asked for
        raise SystemExit(0)

    def parseOptions(self, options: Any = None) -> None:
        """Say what is wrong in one line, rather than after a page of help."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            words = str(error)
            name = words.removeprefix("option ").partition(" ")[0]
            hint = config.suggestion(name, OPTIONS) if "not recognized" in words else ""
            raise stopped(f"{words}{hint}") from None

    def parseArgs(self, *arguments: str) -> None:
        """Take options only."""
        if arguments:
            raise usage.UsageError(f"there are options only, and {arguments[0]!r} is none")

    def postOptions(self) -> None:
        """Read the configuration, of which the options are a part."""
        try:
            self.config = load(self.given(), os.environ)
        except ConfigError as error:
            raise stopped(str(error)) from None

    def survey(self) -> Survey:
        """Read it another time."""
        return surveyed(self.given(), os.environ)

    def given(self) -> dict[str, Any]:
        """The settings on the command line; ``None`` where it says nothing."""
        given = {name.replace("-", "_"): value for name, value in self.items()}
        return {**given, "allow_anonymous": True if self["allow-anonymous"] else None}


def stopped(reason: str) -> SystemExit:
    """The end of the process with one line on stderr and status 1."""
    line = "".join(c if c.isprintable() else " " for c in reason)
    return SystemExit(f"turngate: {line}")


def service_for(reactor: Any, options: Options) -> TurngateService | CrewService:
    """The proxy in this process; or, with several workers, their parent."""
    if options.config.worker_count == 1:
        return compose(reactor, options.config, options.survey)
    return compose_crew(reactor, options.config, options.survey, os.environ)


def makeService(options: Options) -> Service:
    """Compose the proxy, and bind its sockets; see ``docs/design/house.md``."""
    from twisted.internet import reactor as the_reactor

    reactor: Any = the_reactor
    # Twisted's clock is the wall clock: setting it forward by an hour would end every session
    reactor.seconds = time.monotonic
    use_reactor(reactor)
    try:
        descriptors.ensure(options.config.max_connections)
        service = service_for(reactor, options)
    except ConfigError as error:
        raise stopped(str(error)) from None
    # once it runs, for the reactor takes the signals when it starts
    reactor.callWhenRunning(take_signals, reactor, service.drain)
    reactor.callWhenRunning(take_reload, reactor, service.reload)
    return service
