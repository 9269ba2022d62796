"""Who may open a WebSocket, as far as the request tells."""

import pytest

from turngate.net.admission import Offer, is_origin_allowed, scheme_of

ALLOWED = frozenset({"https://app.example.com"})


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "http://localhost",
        "https://localhost:3000",
        "http://127.0.0.1:8080",
        "http://[::1]:5173",
        "HTTP://LOCALHOST",
        "https://app.example.com",
        "https://APP.example.com",
    ],
)
def test_origin_is_allowed_when_absent_loopback_or_configured(origin: str) -> None:
    """Programs, pages of this machine and configured pages may talk to us."""
    assert is_origin_allowed(origin, ALLOWED)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "NULL",
        "file://",
        "https://evil.example",
        "http://localhost.evil.example",
        "http://evil.example/localhost",
        "http://localhost@evil.example",
        "ftp://localhost",
        "localhost",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "http://[::1",
        "http://127.0.0.2",
    ],
)
def test_origin_is_refused_when_foreign_or_opaque(origin: str) -> None:
    """A page from elsewhere may not, however it spells its origin."""
    assert not is_origin_allowed(origin, ALLOWED)


@pytest.mark.parametrize("offered", [("token", "k"), ("Token", "k"), ("BEARER", "k"), ("bearer",)])
def test_scheme_is_answered_as_the_client_wrote_it(offered: tuple[str, ...]) -> None:
    """The scheme word is picked by its first place, in any case."""
    assert offered[0] == scheme_of(offered)


@pytest.mark.parametrize("offered", [(), ("realtime",), ("k", "token"), ("graphql-ws", "bearer")])
def test_scheme_is_none_when_the_first_subprotocol_is_no_scheme(offered: tuple[str, ...]) -> None:
    """Nothing else is picked."""
    assert scheme_of(offered) is None


def test_credential_is_taken_from_header_or_subprotocols() -> None:
    """Either way of showing a credential is found, and the header goes first."""
    assert Offer(path="/", peer="p", authorization="Token abc").credential == "Token abc"
    assert Offer(path="/", peer="p", subprotocols=("bearer", "abc")).credential == "bearer abc"
    assert Offer(path="/", peer="p", authorization="Token abc", subprotocols=("token", "x")).credential == "Token abc"
    assert Offer(path="/", peer="p", subprotocols=("bearer",)).credential is None
    assert Offer(path="/", peer="p").credential is None


def test_offer_shows_no_secret_in_its_repr() -> None:
    """What may be a credential is not printed."""
    offer = Offer(path="/", peer="p", authorization="canary", subprotocols=("token", "canary"), query={"k": ["canary"]})
    assert "canary" not in repr(offer)
