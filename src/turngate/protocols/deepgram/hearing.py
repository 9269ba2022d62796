"""
What a ``listen`` object asks for: the user's language, words to expect, and when a turn has ended.

Responsible for what of it this proxy can do. Must not know: which message held it.

Comes from: ``settings.py`` and ``updates.py``. Goes to: the session, by way of them.

Listening of version ``v1`` ends a turn by silence; of version ``v2`` (Flux) by what was said, with a threshold: the
higher it is, the more patient the upstream is told to be. A threshold of 1.0 means that silence alone ends a turn,
and then ``eot_timeout_ms`` is the length of it.
"""

from typing import Final

from attrs import frozen

from turngate.protocols.deepgram.maps import ANY_LANGUAGE, Maps
from turngate.protocols.deepgram.settings_tree import Listen, ListenProvider
from turngate.session.messages import ByMeaning, BySilence, Eagerness, TurnEnd

TAKEN: Final = ("provider.type", "provider.version")
MAX_KEYTERMS: Final = 100
MAX_KEYTERMS_CHARS: Final = 4_000
BY_MEANING: Final = "v2"
SILENCE_ONLY: Final = 1.0
MIN_THRESHOLD: Final = 0.5
EAGER_BELOW, PATIENT_ABOVE = 0.65, 0.8
DEFAULT_TIMEOUT_MS: Final = 5_000
MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 200, 10_000


@frozen
class Hearing:
    """What was asked for, ``None`` where nothing was, and the paths below ``listen`` that had a part in it."""

    language: str | None = None
    """ISO-639-1, or ``multi``, which leaves it open."""
    hints: tuple[str, ...] = ()
    """Languages to expect, as the client named them."""
    opens_language: bool = False
    """Whether an update leaves the language open: in version ``v2`` hints that are not sent again are gone."""
    keyterms: tuple[str, ...] | None = None
    turn_end: TurnEnd | None = None
    taken: tuple[str, ...] = TAKEN


def hearing(listen: Listen | None, maps: Maps, at: str) -> Hearing | str:
    """Take a ``listen`` object that stands at ``at``, or say which field cannot be used and what it may be."""
    provider = listen.provider if listen else None
    if provider is None:
        return Hearing()
    taken = [*TAKEN]
    language = maps.language_of(provider.language)
    if language is not None:
        taken.append("provider.language")
    hints = _hints(provider)
    if len(hints) == 1 and language is None:
        language = maps.language_of(hints[0])
        if language is not None:
            taken += ["provider.language_hints", "provider.language_hint"]
    terms = provider.keyterms
    if terms is not None:
        if len(terms) > MAX_KEYTERMS or sum(map(len, terms)) > MAX_KEYTERMS_CHARS:
            return f"{at}.provider.keyterms must be at most {MAX_KEYTERMS}, together {MAX_KEYTERMS_CHARS} characters."
        taken.append("provider.keyterms")
    turn_end = _turn_end(provider, at)
    if isinstance(turn_end, str):
        return turn_end
    if isinstance(turn_end, ByMeaning) and provider.eot_threshold is not None:
        taken.append("provider.eot_threshold")
    elif isinstance(turn_end, BySilence):
        taken += ["provider.eot_threshold", "provider.eot_timeout_ms"]
    return Hearing(
        language,
        tuple(hints),
        provider.version == BY_MEANING and not hints,
        None if terms is None else tuple(terms),
        turn_end,
        tuple(taken),
    )


def known_language(hearing: Hearing) -> str | None:
    """The language for transcription; ``multi`` leaves it open."""
    return None if hearing.language == ANY_LANGUAGE else hearing.language


def _hints(provider: ListenProvider) -> list[str]:
    if provider.language_hints is not None:
        return provider.language_hints
    older = provider.language_hint
    return [older] if isinstance(older, str) else older or []


def _turn_end(provider: ListenProvider, at: str) -> TurnEnd | str | None:
    """When a turn ends, where the client has a wish; the first version has none."""
    if provider.version != BY_MEANING:
        return None
    threshold, timeout_ms = provider.eot_threshold, provider.eot_timeout_ms
    if threshold is not None and not MIN_THRESHOLD <= threshold <= SILENCE_ONLY:
        return f"{at}.provider.eot_threshold must be from {MIN_THRESHOLD} to {SILENCE_ONLY}."
    if timeout_ms is not None and not MIN_TIMEOUT_MS <= timeout_ms <= MAX_TIMEOUT_MS:
        return f"{at}.provider.eot_timeout_ms must be from {MIN_TIMEOUT_MS} to {MAX_TIMEOUT_MS}."
    if threshold is None:
        return ByMeaning()
    if threshold == SILENCE_ONLY:
        return BySilence(timeout_ms or DEFAULT_TIMEOUT_MS)
    if threshold < EAGER_BELOW:
        return ByMeaning(Eagerness.HIGH)
    return ByMeaning(Eagerness.LOW if threshold > PATIENT_ABOVE else Eagerness.MEDIUM)
