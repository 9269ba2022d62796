"""``turngate token``: what it prints can be used as it stands."""

import pytest

from turngate.cli import token
from turngate.net.credentials import Known, Reason
from turngate.ops.clients import keys_from_file

DAY_S = 86_400


def made(capsys, *arguments):
    """The key, and the entry, of one run."""
    assert token.main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    key, nothing, *entry = printed.out.splitlines()
    assert nothing == ""
    return key, "\n".join(entry)


def test_entry_is_one_of_the_file_and_does_not_hold_the_key(capsys, tmp_path):
    """Two runs make two keys, which can stand in one file."""
    key, entry = made(capsys, "phone", "--sessions", "3")
    other, other_entry = made(capsys, "web@example.com")
    assert key not in entry
    assert key.startswith("tg_")
    assert len(key) == len("tg_") + 43
    path = tmp_path / "keys.toml"
    path.write_text(f"{entry}\n{other_entry}\n")
    keys = keys_from_file(str(path))
    assert keys.judge(key, 0) == Known("phone", 3)
    assert keys.judge(other, 0) == Known("web@example.com")


def test_key_for_some_days_is_good_for_these(capsys, tmp_path):
    """In UTC."""
    key, entry = made(capsys, "phone", "--days", "2")
    path = tmp_path / "keys.toml"
    path.write_text(entry)
    keys = keys_from_file(str(path))
    (expires_s,) = (one.expires_s for one in keys.keys)
    assert keys.judge(key, expires_s - 1) == Known("phone")
    assert keys.judge(key, expires_s) is Reason.EXPIRED


@pytest.mark.parametrize("arguments", [["a b"], [""], ["phone", "--days", "0"], ["phone", "--sessions", "x"], []])
def test_what_no_key_can_have_is_refused(capsys, arguments):
    """In words, and with nothing on stdout that could be taken for a key."""
    try:
        status = token.main(arguments)
    except SystemExit as end:
        status = end.code
    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert "turngate token: " in printed.err
