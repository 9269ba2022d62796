"""What the JavaScript SDK declares that it sends and reads, against our two lists; and the file that pins the SDK."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

from turngate.protocols.deepgram.client_events import ClientEvent
from turngate.protocols.deepgram.server_events import ServerEvent

PINS = Path(__file__).parent / "js"
ONLY_OURS = {
    *("UpdateThink_Live", "ThinkLiveUpdated", "FrustrationDetected"),
    *("__customToThinkProvider", "__customFromThinkProvider"),
}
"""What the Python SDK knows and the JavaScript SDK does not."""


class Declarations:
    """The type declarations of the SDK's agent socket, read as text; what stands in no namespace is indented once."""

    def __init__(self, js_sdk: Path) -> None:
        self._agent = js_sdk / "node_modules/@deepgram/sdk/dist/esm/api/resources/agent/resources/v1"
        self._socket = (self._agent / "client/Socket.d.mts").read_text()

    @property
    def sent(self) -> dict[str, set[str]]:
        """The messages that the socket has a method for, and their fields; audio is no message."""
        methods = dict(re.findall(r"^    (send\w+)\(message: (.*)\): void;", self._socket, re.MULTILINE))
        del methods["sendMedia"]
        return self._messages(methods.values())

    @property
    def read(self) -> dict[str, set[str]]:
        """The messages that a handler may be given, and their fields; a string is one that is no JSON."""
        (union,) = re.findall(r"^    type Response = (.*);", self._socket, re.MULTILINE)
        return self._messages(name for name in union.split(" | ") if name != "string")

    def _messages(self, names: Iterable[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for name in names:
            declared = (self._agent / f"types/{name.removeprefix('Deepgram.agent.')}.d.mts").read_text()
            (kind,) = set(re.findall(r'^    type: "(\w+)";', declared, re.MULTILINE))
            found[kind] = set(re.findall(r"^    (\w+)\??: ", declared, re.MULTILINE))
        return found


def ours(union: Any) -> dict[str, set[str]]:
    """The messages of one of our lists, and their fields."""
    return {kind.__struct_config__.tag: {"type", *kind.__struct_fields__} for kind in get_args(union)}


@pytest.fixture
def declarations(js_sdk: Path) -> Declarations:
    """Of the installed SDK."""
    return Declarations(js_sdk)


def test_our_lists_have_every_message_of_the_js_sdk(declarations: Declarations) -> None:
    """A message that a newer SDK sends or reads is not overlooked, and what it does not know is named here."""
    assert ours(ClientEvent).keys() - ONLY_OURS == declarations.sent.keys()
    assert ours(ServerEvent).keys() - ONLY_OURS == declarations.read.keys()
    assert not ONLY_OURS & (declarations.sent.keys() | declarations.read.keys())


def test_our_messages_have_every_field_of_the_js_sdk(declarations: Declarations) -> None:
    """A field that a newer SDK adds to a message is not overlooked."""
    for known, declared in ((ours(ClientEvent), declarations.sent), (ours(ServerEvent), declarations.read)):
        assert all("type" in fields for fields in declared.values())
        assert {kind: fields - known[kind] for kind, fields in declared.items()} == {kind: set() for kind in declared}


def test_lock_file_pins_packages_and_names_no_place_to_fetch_them_from() -> None:
    """Whoever installs by it asks the registry of their own choice, and gets the same bytes."""
    lock = (PINS / "package-lock.json").read_text()
    packages = {name: package for name, package in json.loads(lock)["packages"].items() if name}
    assert "node_modules/@deepgram/sdk" in packages
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert "resolved" not in lock
    assert "://" not in lock
    assert "omit-lockfile-registry-resolved=true" in (PINS / ".npmrc").read_text().splitlines()
