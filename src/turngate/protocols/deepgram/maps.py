"""
The operator's dictionary: names that clients know, and what they mean to the upstream.

Responsible for models, voices and languages: which name of the client's protocol becomes which of the upstream's, and
which name means nothing here. Must not know: where a name stood in a message.

Comes from: the configuration (``[voices]``, ``[models]``, ``[languages]``), over defaults that stand here. Goes to:
``thinking.py``, ``speaking.py`` and ``hearing.py``.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from turngate.session.messages import Endpoint

UPSTREAM_VOICES: Final = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"},
)
"""The voices of the Realtime API; the speaking provider ``open_ai`` knows some of them by the same names."""

FEMININE: Final = (
    "amalthea andromeda asteria athena aurora callista carina celeste cora cordelia delia diana electra estrella "
    "harmonia helena hera iris janus juno luna minerva ophelia pandora phoebe selena selene stella thalia theia vesta"
)
MASCULINE: Final = (
    "alvaro angus apollo aquila arcas aries atlas draco helios hermes hyperion javier jupiter mars neptune nestor "
    "odysseus orion orpheus perseus pluto saturn sirio zeus"
)
"""Deepgram's voices by the middle of their names (``aura-2-thalia-en``); each is given the API's best voice of its
kind, which sounds different and is at least not of another kind."""

VOICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{f"open_ai:{voice}": voice for voice in UPSTREAM_VOICES},
        "open_ai:fable": "ballad",
        "open_ai:nova": "coral",
        "open_ai:onyx": "ash",
        **{f"deepgram:{name}": "marin" for name in FEMININE.split()},
        **{f"deepgram:{name}": "cedar" for name in MASCULINE.split()},
    }
)
"""By ``provider:voice``."""

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"nb": "no", "nn": "no", "iw": "he", "in": "id", "fil": "tl"})
"""Tags whose first part is not the ISO-639-1 code that transcription takes."""

ANY_LANGUAGE: Final = "multi"
"""Leaves the language open."""

_MODEL: Final = re.compile(r"[A-Za-z0-9._-]{1,80}")
_REASONING_MODEL: Final = re.compile(r"gpt-realtime-2(?!\d).*")
_LANGUAGE: Final = re.compile(r"(?P<code>[A-Za-z]{2,3})(?:[-_][A-Za-z0-9_-]{0,32})?")
_DEEPGRAM_VOICE: Final = re.compile(r"(?:aura|aura-2|flux)-(?P<name>[a-z]+)-[a-z]{2}")


def no_endpoint(_endpoint: Endpoint) -> str | None:
    """What a client is told where no function is called by the proxy."""
    return "functions are not called by the server. Leave endpoint out, and answer FunctionCallRequest."


@frozen
class Maps:
    """What the operator has decided about names; each mapping goes over the defaults of the same name."""

    model: str = "gpt-realtime"
    """The model where the client chooses none."""
    models: Mapping[str, str] = field(factory=dict)
    """By the client's name of a thinking model, such as ``gpt-4o-mini``."""
    voices: Mapping[str, str] = field(factory=dict)
    """By ``provider:voice``, such as ``deepgram:aura-2-thalia-en`` or ``cartesia:VOICE-ID``."""
    languages: Mapping[str, str] = field(factory=dict)
    """By the client's language tag or its first part."""
    refuses: Callable[[Endpoint], str | None] = no_endpoint
    """Why a function cannot be called at an endpoint, or ``None`` if it can; by default none is ever called."""
    model_prefixes: tuple[str, ...] = ("gpt-realtime",)
    """How the upstream's own names of models begin, which need no entry."""
    default_voices: Mapping[str, str] = VOICES
    """What stands for voices that the operator has not mapped; empty where the upstream has none of OpenAI's."""
    passes_g711: bool = True
    """Whether the upstream takes G.711 at 8 kHz as it comes; else it is converted here."""

    def model_of(self, name: str | None) -> str | None:
        """The upstream's model for a name, or ``None`` where it means nothing here."""
        if name is None:
            return None
        mapped = self.models.get(name)
        if mapped is not None:
            return mapped
        return name if name.startswith(self.model_prefixes) and _MODEL.fullmatch(name) else None

    def reasons(self, model: str | None) -> bool:
        """Whether a model (``None``: the operator's) takes a reasoning effort; others refuse it."""
        return _REASONING_MODEL.fullmatch(model or self.model) is not None

    def voice_of(self, provider: str, name: str | None) -> str | None:
        """The upstream's voice for a provider's voice, or ``None`` where it means nothing here."""
        if name is None:
            return None
        short = _DEEPGRAM_VOICE.fullmatch(name) if provider == "deepgram" else None
        keys = (f"{provider}:{name}", *((f"{provider}:{short['name']}",) if short else ()))
        return next((known[key] for known in (self.voices, self.default_voices) for key in keys if key in known), None)

    def language_of(self, tag: str | None) -> str | None:
        """The ISO-639-1 code for a BCP-47 tag, or ``multi``, or ``None`` where it is neither."""
        if tag is None:
            return None
        if tag in self.languages or tag == ANY_LANGUAGE:
            return self.languages.get(tag, tag)
        match = _LANGUAGE.fullmatch(tag)
        if match is None:
            return None
        code = match["code"].lower()
        mapped = self.languages.get(code) or LANGUAGES.get(code, code)
        return mapped if len(mapped) == 2 else None
