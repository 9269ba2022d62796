"""
The prices of tokens, as an operator states them, and the caps of the configuration.

Responsible for reading the table of prices, and for refusing one that leaves the cost of something open.

Must not know: files, what is done with a price.

Comes from: ``ops/reading.py`` and ``ops/config.py``. Goes to: ``ops/loading.py``, and into every session.
"""

from typing import Any, Final

from turngate.errors import ConfigError
from turngate.ops.config import PRICES, Config, suggestion
from turngate.proxy.ledger import Caps
from turngate.session.prices import KINDS, NEEDED, PriceList, Prices

CURRENCY: Final = "currency"
MAX_CURRENCY_CHARS: Final = 16
MAX_PRICE: Final = 1_000_000.0
EXAMPLE: Final = "text_in = 4.0"


def entry_of(name: str, value: object, where: str) -> Any:
    """One entry of the table: the price of a kind, the prices of a model, or the currency."""
    if isinstance(value, dict):
        return {kind: price_of(kind, one, f"{where} ({name})") for kind, one in value.items()}
    if name == CURRENCY:
        if not isinstance(value, str) or len(value) > MAX_CURRENCY_CHARS:
            raise ConfigError(f"{where}: {CURRENCY} in [{PRICES}] is a word, such as 'USD'")
        return value
    return price_of(name, value, where)


def price_of(kind: str, value: object, where: str) -> float:
    """What a million tokens of a kind cost."""
    if kind not in KINDS:
        raise ConfigError(f"{where}: [{PRICES}] has an unknown key {kind!r}{suggestion(kind, (*KINDS, CURRENCY))}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_PRICE:
        raise ConfigError(f"{where}: {kind} in [{PRICES}] is the price of a million tokens, such as {EXAMPLE}")
    return float(value)


def prices_of(settings: Config) -> PriceList:
    """
    The prices of all models.

    Raises:
        ConfigError: those of a model leave the cost of something open.
    """
    plain = {name: one for name, one in settings.prices.items() if name in KINDS}
    by_model = {name: one for name, one in settings.prices.items() if isinstance(one, dict)}
    return PriceList(
        model=settings.model,
        usual=whole(plain, f"[{PRICES}]") if plain else None,
        by_model={name: whole(one, f"[{PRICES}.{name!r}]") for name, one in by_model.items()},
        currency=settings.prices.get(CURRENCY, ""),
    )


def whole(table: dict[str, float], name: str) -> Prices:
    """The prices of one model, if nothing is missing."""
    missing = [kind for kind in NEEDED if kind not in table]
    if missing:
        raise ConfigError(f"{name} lacks {', '.join(missing)}; a kind of tokens that costs nothing is 0")
    return Prices(**table)


def session_caps(settings: Config) -> Caps:
    """What one session may use."""
    return Caps(settings.max_session_minutes, settings.max_session_tokens, settings.max_session_cost)


def day_caps(settings: Config) -> Caps:
    """What one client may use in a day, where its key does not say otherwise."""
    return Caps(settings.max_day_minutes, settings.max_day_tokens, settings.max_day_cost)


def check_cost(settings: Config, cap: str, most: float | None) -> None:
    """
    Whether it can be known when so much was spent.

    Raises:
        ConfigError: nobody has said what the model costs.
    """
    if most is not None and settings.prices.keys().isdisjoint((*KINDS, settings.model)):
        raise ConfigError(
            f"{cap} needs the prices of the model {settings.model}: give a table [{PRICES}] with {', '.join(NEEDED)}"
        )
