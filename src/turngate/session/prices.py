"""
What tokens cost.

Responsible for the price of a usage: an operator states what a million tokens of each kind cost, and here it is
multiplied.

Must not know: any real price, which currency it is, what has been used.
"""

from collections.abc import Mapping
from typing import Final

from attrs import field, fields_dict, frozen

from turngate.session.messages import Usage

MILLION: Final = 1_000_000


@frozen(kw_only=True)
class Prices:
    """Of a million tokens of one model, by their kind. Where one of the last four is left out, another holds."""

    text_in: float
    audio_in: float
    text_out: float
    audio_out: float
    image_in: float | None = None
    """``None`` is what text costs."""
    cached_text_in: float | None = None
    """``None`` is what the same costs that was not cached; so are the others."""
    cached_audio_in: float | None = None
    cached_image_in: float | None = None

    def of(self, usage: Usage) -> float:
        """What a usage costs."""
        image_in = self.text_in if self.image_in is None else self.image_in
        kinds = (
            (usage.text_in, usage.cached_text_in, self.text_in, self.cached_text_in),
            (usage.audio_in, usage.cached_audio_in, self.audio_in, self.cached_audio_in),
            (usage.image_in, usage.cached_image_in, image_in, self.cached_image_in),
        )
        came = sum(
            (whole - cached) * price + cached * (price if cached_price is None else cached_price)
            for whole, cached, price, cached_price in kinds
        )
        return (came + usage.text_out * self.text_out + usage.audio_out * self.audio_out) / MILLION


KINDS: Final = tuple(fields_dict(Prices))
NEEDED: Final = ("text_in", "audio_in", "text_out", "audio_out")
"""Those that no other can stand for."""


@frozen
class PriceList:
    """The prices of all models."""

    model: str = ""
    """The one that is asked where a client names none."""
    usual: Prices | None = None
    """Of each that has none of its own."""
    by_model: Mapping[str, Prices] = field(factory=dict)
    currency: str = ""
    """A word, for those who look."""

    def cost(self, usage: Usage, model: str | None = None) -> float | None:
        """What a usage costs, ``None`` where there are no prices; a model without any costs as much as the dearest."""
        own = self.by_model.get(model or self.model, self.usual)
        if own is not None:
            return own.of(usage)
        return max((prices.of(usage) for prices in self.by_model.values()), default=None)
