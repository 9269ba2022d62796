"""Which worker a session is with."""

from uuid import UUID

import pytest

from turngate.workers.owners import new_id, owner_of, wanted

TOKEN = "6babc807-2ddf-4f10-9bd1-1c5f2b8e2b6d"
OWNER = 0x6BABC807 % 3


@pytest.mark.parametrize("of", [2, 3, 7, 64])
def test_id_says_whose_it_is(of):
    """It is a UUID as any other."""
    for index in range(of):
        session_id = new_id(index, of)
        assert (index, 4) == (owner_of(session_id, of), UUID(session_id).version)


@pytest.mark.parametrize("first", [0, 1, 2**32 - 1, 2**32 - 2])
def test_id_says_whose_it_is_at_the_edges(first):
    """The number stays within its eight digits, and all that is random after them stays."""
    rest = UUID(TOKEN).int % 2**96
    for index in range(3):
        session_id = new_id(index, 3, lambda: UUID(int=(first << 96) + rest))
        assert index == owner_of(session_id, 3)
        assert session_id[8:] == TOKEN[8:]


def request(target="/v1/agent/converse", *headers):
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: localhost", *headers]).encode()


@pytest.mark.parametrize(
    ("head", "owner"),
    [
        (request(), None),
        (request("/v1/agent/converse?tag=resume"), None),
        (request(f"/v1/agent/converse?a=1&resume={TOKEN}"), OWNER),
        (request(f"/v1/agent/converse?resume={TOKEN}&received=3"), OWNER),
        (request("/", f"X-Turngate-Resume: {TOKEN}"), OWNER),
        (request("/", f"x-TURNGATE-resume:{TOKEN}"), OWNER),
        (request(f"/?resume={TOKEN}", f"X-Turngate-Resume: {TOKEN}"), None),
        (request(f"/?resume={TOKEN}&received=many"), None),
        (request("/?resume="), None),
        (request("/?resume=" + "a" * 65), None),
        (request("/?resume=nonsense"), None),
        (request("/?" + "&".join(["a=1"] * 5) + f"&resume={TOKEN}&%FF=%00"), OWNER),
        (b"resume", None),
        (b"\xff\x00resume:\r\n\r\n:", None),
    ],
)
def test_request_says_whom_it_wants(head, owner):
    """Where it is wrong it wants nobody, and whoever has it says so."""
    assert owner == wanted(head, 3)
