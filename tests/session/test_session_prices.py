"""What a usage costs, by the operator's own statement."""

import pytest

from turngate.session.messages import Usage
from turngate.session.prices import PriceList, Prices

WHOLE = Prices(
    text_in=4.0,
    audio_in=32.0,
    text_out=16.0,
    audio_out=64.0,
    image_in=5.0,
    cached_text_in=0.4,
    cached_audio_in=0.5,
    cached_image_in=0.6,
)
LITTLE = Prices(text_in=4.0, audio_in=32.0, text_out=16.0, audio_out=64.0)
M = 1_000_000


@pytest.mark.parametrize(
    ("usage", "whole", "little"),
    [
        (Usage(), 0.0, 0.0),
        (Usage(text_in=M), 4.0, 4.0),
        (Usage(audio_in=M), 32.0, 32.0),
        (Usage(image_in=M), 5.0, 4.0),
        (Usage(text_out=M), 16.0, 16.0),
        (Usage(audio_out=M), 64.0, 64.0),
        (Usage(text_in=M, cached_text_in=M), 0.4, 4.0),
        (Usage(audio_in=2 * M, cached_audio_in=M), 32.5, 64.0),
        (Usage(image_in=M, cached_image_in=M), 0.6, 4.0),
        (Usage(text_in=1000, audio_out=500), 0.036, 0.036),
    ],
)
def test_usage_has_a_price_by_its_kinds(usage: Usage, whole: float, little: float) -> None:
    """What was cached is a part of what came in; where it has no price of its own, it costs as much as the rest."""
    assert (pytest.approx(whole), pytest.approx(little)) == (WHOLE.of(usage), LITTLE.of(usage))


def test_models_have_prices_of_their_own_or_the_usual_ones() -> None:
    """Without usual ones, a model that a client chose costs no less than the dearest."""
    cheap, dear = Prices(text_in=1, audio_in=1, text_out=1, audio_out=1), LITTLE
    prices = PriceList("big", None, {"big": dear, "mini": cheap})
    usage = Usage(text_in=M)
    assert [4.0, 4.0, 1.0, 4.0] == [prices.cost(usage, model) for model in (None, "big", "mini", "other")]
    assert [1.0, 4.0] == [PriceList("small", cheap, {"big": dear}).cost(usage, model) for model in ("other", "big")]


def test_usage_without_prices_has_no_cost() -> None:
    """Which is not the same as costing nothing."""
    assert PriceList().cost(Usage(text_in=M)) is None
