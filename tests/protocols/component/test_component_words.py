"""The upstream's words, as far as a client may read them."""

import pytest

from turngate.protocols.component.words import MAX_CHARS, fit_for_a_client


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Invalid value: 'x'. Supported values are: 'a'.", "Invalid value: 'x'. Supported values are: 'a'."),
        ("Incorrect API key provided: sk-proj-abc.", "Incorrect API key provided: [...]"),
        ("key sk-ab****************yz is wrong", "key [...] is wrong"),
        ("limit reached in organization org-Ab1 on tokens", "limit reached in organization [...] on tokens"),
        ("request req_0123456789abcdef failed", "request [...] failed"),
        ("see wss://user:pass@example.com/x now", "see [...] now"),
        ("Authorization: Bearer abcdef", "Authorization: [...]"),
        ("id 0123456789abcdef01234567 and conversation_already_active", "id [...] and conversation_already_active"),
        ("two\nlines\x00", "two lines"),
        ("", ""),
    ],
)
def test_b24_words_hold_nothing_that_may_be_secret(words: str, shown: str) -> None:
    """Keys, accounts and requests are taken out; what is wrong is still said."""
    assert shown == fit_for_a_client(words)


def test_b24_words_are_cut() -> None:
    """A page of text is no description."""
    assert "a b " * (MAX_CHARS // 4) == fit_for_a_client("a b " * 10_000).removesuffix("...") + " "
