"""
What an operator may ask, and the answers.

Responsible for the paths, for who may ask, and for answers that say what to ask instead.

Must not know: HTTP as bytes, sockets, what a session decides.

Comes from: ``site.py``, with each request. Goes to: what the service has put here to be looked at, or to be done.

Whoever reaches the loopback may ask, but not by way of a browser: pages of strangers run there. So a request that a
page made (it has an ``Origin``) is refused, and one under another name than the loopback's, for a page could have made
that name mean this machine. Where there is a token, it must be shown for all but the two questions of health.
"""

import json
from collections.abc import Callable, Mapping
from hmac import compare_digest
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from attrs import field, frozen
from prometheus_client import CONTENT_TYPE_LATEST

from turngate.admin.house import House
from turngate.net.admission import LOOPBACK_HOSTS
from turngate.proxy.resume import NAME_CHARS

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"
HEALTH: Final = frozenset({"/livez", "/readyz", "/healthz"})
SESSIONS: Final = "/sessions"
METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "/livez": ("GET", "HEAD"),
    "/healthz": ("GET", "HEAD"),
    "/readyz": ("GET", "HEAD"),
    "/metrics": ("GET", "HEAD"),
    SESSIONS: ("GET", "HEAD"),
    "/usage": ("GET", "HEAD"),
    f"{SESSIONS}/": ("DELETE",),
    "/drain": ("POST",),
}
"""By path; one that ends with a stroke stands for all that begin so."""


@frozen
class Ask:
    """A request, as far as it matters here."""

    method: str
    path: str
    host: str = ""
    is_of_a_page: bool = False
    authorization: str = field(default="", repr=False)


@frozen
class Answer:
    """What to say to it."""

    status: HTTPStatus
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


Reply: TypeAlias = Callable[[Answer], None]


def told(status: HTTPStatus, headers: tuple[tuple[str, str], ...] = (), **fields: object) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(fields).encode() + b"\n", headers=headers)


@frozen(kw_only=True)
class Desk:
    """
    Answers.

    Args:
        house: has the sessions and the figures.
        unready: why no new client should come, or ``None``.
        drain: begins the end of the proxy.
        drain_s: how long calls may go on then.
        token: what the operator shows; ``None`` lets in whoever reaches the endpoint.
    """

    house: House
    unready: Callable[[], str | None]
    drain: Callable[[], None]
    drain_s: float
    token: str | None = field(default=None, repr=False)

    def answer(self, ask: Ask, reply: Reply) -> None:
        """Answer one request, now or later."""
        known = f"{SESSIONS}/" if ask.path.startswith(f"{SESSIONS}/") else ask.path
        if known not in METHODS:
            paths = sorted(f"{path}ID" if path.endswith("/") else path for path in METHODS)
            reply(told(HTTPStatus.NOT_FOUND, error=f"There is nothing here; ask for {', '.join(paths)}."))
            return
        if ask.method not in METHODS[known]:
            allowed = ", ".join(METHODS[known])
            reply(told(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", allowed),), error=f"Ask by {allowed}."))
            return
        refusal = None if known in HEALTH else self._refusal(ask)
        if refusal is not None:
            reply(refusal)
            return
        match known:
            case "/livez" | "/healthz":
                reply(Answer(HTTPStatus.OK, b"alive\n", TEXT))
            case "/readyz":
                reply(readiness(self.unready()))
            case "/metrics":
                self.house.exposed(lambda metrics: reply(Answer(HTTPStatus.OK, metrics, CONTENT_TYPE_LATEST)))
            case "/sessions":
                self.house.listed(lambda sessions: reply(told(HTTPStatus.OK, sessions=sessions)))
            case "/usage":
                self.house.used(lambda usage: reply(Answer(HTTPStatus.OK, json.dumps(usage).encode() + b"\n")))
            case "/drain":
                count = self.house.count()
                self.drain()
                reply(told(HTTPStatus.ACCEPTED, draining=True, sessions=count, within_s=self.drain_s))
            case _:
                name = ask.path.removeprefix(f"{SESSIONS}/")
                if len(name) == NAME_CHARS:
                    self.house.dismiss(name, lambda was_there: reply(dismissed(name, was_there)))
                else:
                    reply(dismissed(name, was_there=False))

    def _refusal(self, ask: Ask) -> Answer | None:
        if ask.is_of_a_page:
            return told(HTTPStatus.FORBIDDEN, error="A web page may not ask; use a program, such as curl.")
        if self.token is not None:
            shown = ask.authorization.removeprefix("Bearer ").encode()
            if not ask.authorization.startswith("Bearer ") or not compare_digest(shown, self.token.encode()):
                words = "Show the token of admin_token_file, as in 'Authorization: Bearer TOKEN'."
                return told(HTTPStatus.UNAUTHORIZED, (("WWW-Authenticate", "Bearer"),), error=words)
        elif not is_loopback(ask.host):
            return told(HTTPStatus.FORBIDDEN, error="Ask by the name localhost, or give the proxy an admin_token_file.")
        return None


def readiness(reason: str | None) -> Answer:
    """Whether new clients should come."""
    if reason is None:
        return Answer(HTTPStatus.OK, b"ready\n", TEXT)
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {reason}\n".encode(), TEXT)


def dismissed(name: str, was_there: bool) -> Answer:
    """What became of a session that was to end."""
    if was_there:
        return told(HTTPStatus.ACCEPTED, session=name, ending="dismissed")
    words = f"There is no such session; {SESSIONS} lists them by the first {NAME_CHARS} characters of their ids."
    return told(HTTPStatus.NOT_FOUND, error=words)


def is_loopback(host: str) -> bool:
    """Whether a ``Host`` header names this machine, by a name that nobody else can give to it."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK_HOSTS
    except ValueError:
        return False
