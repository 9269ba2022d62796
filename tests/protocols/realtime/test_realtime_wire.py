"""What no object of the wire ever shows."""

import json

import corpus
import pytest

from turngate.protocols.realtime.codec import decode_client, decode_server


@pytest.mark.parametrize("tree", corpus.SERVER.values(), ids=lambda tree: tree["type"])
def test_a_server_event_shows_no_content(tree):
    """Its repr is its name; so is that of every object in it, and what a rich console shows."""
    event = decode_server(json.dumps(tree).encode())
    assert repr(event) == f"<{type(event).__name__}>"
    assert not list(event.__rich_repr__())


@pytest.mark.parametrize("kind", corpus.CLIENT)
def test_a_client_event_shows_no_content(kind):
    """Instructions, audio and tool headers are the client's own affair."""
    event = decode_client(json.dumps({"type": kind, **corpus.CLIENT[kind]}).encode())
    assert repr(event) == f"<{type(event).__name__}>"


def test_an_object_inside_an_event_shows_no_content():
    """Also where it is printed by itself, in a list."""
    event = decode_server(json.dumps(corpus.SERVER["response.done"]).encode())
    assert repr(event.response.output) == "[<Item>, <Item>]"
    assert repr(event.response.output[0].content) == "[<Part>]"
