"""What a token costs: the price file, the user's own, and the model's name that finds it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from re import ASCII, fullmatch, sub

from pydantic import Field

from triage_agent.errors import SettingsError
from triage_agent.files import Strict, load_toml
from triage_agent.models.llm.addresses import OPENAI_BASE_URL, host_of
from triage_agent.settings import Backend, Choice, Options

PRICES = Path(__file__).with_name("prices.toml")
DATED = r"-20\d\d-\d\d-\d\d$"


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in USD per million tokens."""

    input_usd_per_million: Decimal
    output_usd_per_million: Decimal
    batch_discount: Decimal = Decimal(0)  # the share that is taken off in a batch, 0 to 1

    @property
    def in_batch(self) -> "Price":
        """What it costs in a batch of the provider.

        >>> Price(Decimal("0.25"), Decimal(2), Decimal("0.5")).in_batch.output_usd_per_million
        Decimal('1.0')
        """
        rest = 1 - self.batch_discount
        return Price(self.input_usd_per_million * rest, self.output_usd_per_million * rest)


class ModelPrice(Strict):
    """One entry of a price file."""

    name: str = Field(min_length=1)
    input_usd_per_million: Decimal = Field(ge=0, allow_inf_nan=False)
    output_usd_per_million: Decimal = Field(ge=0, allow_inf_nan=False)
    # Off both, of what is asked in batches; 0: the provider documents none.
    batch_discount: Decimal = Field(default=Decimal(0), ge=0, le=1, allow_inf_nan=False)
    host: str = ""  # whose price it is; empty: of any host
    looked_up: date | None = None
    source: str = ""
    batch_source: str = ""  # of the discount


class Prices(Strict):
    """A price file; of two entries for one name and host, the first counts."""

    models: tuple[ModelPrice, ...]


def load_prices(path: Path | None = None) -> Prices:
    """Return the shipped prices, behind those of the user's own file."""
    shipped = load_toml(PRICES, Prices)
    own = load_toml(path, Prices).models if path else ()
    return Prices(models=own + shipped.models)


def price_of(
    model: str, prices: Prices, override: str | None = None, *, host: str | None = None
) -> Price | None:
    """Return a model's price, None if it is unknown; a dated name falls back on its family.

    `override` is the user's own, as "0.25/2.00" (input/output); one that cannot be read is a
    `SettingsError`. With `host`, the prices of other hosts do not count.
    """
    if override is not None:
        return _read_price(override)
    for name in dict.fromkeys((model, sub(DATED, "", model))):
        for entry in prices.models:
            if entry.name == name and (not host or entry.host in {"", host}):
                return Price(
                    entry.input_usd_per_million, entry.output_usd_per_million, entry.batch_discount
                )
    return None


def price_for(choice: Choice, options: Options) -> Price | None:
    """Return what the chosen model costs; None if that is not known.

    The shipped prices are of chat services: for its decisions, the same model has another.
    """
    prices = Prices(models=()) if choice.backend is Backend.TYPED else load_prices()
    host = host_of(choice.base_url or OPENAI_BASE_URL)
    return price_of(choice.model, prices, options.price, host=host)


def batch_price(live: Price | None, text: str | None) -> Price | None:
    """Return a price in batches: what `--batch-price` says, else the live one less its discount.

    None: it is not known. A text that cannot be read is a `SettingsError`.
    """
    if text is not None:
        return _read_price(text, "--batch-price")
    return live.in_batch if live else None


def _read_price(text: str, option: str = "--price") -> Price:
    """Return the price that an option gives."""
    number = r"(\d{1,6}(?:\.\d{1,9})?)"
    found = fullmatch(rf"\s*\$?{number}\s*/\s*\$?{number}\s*", text, ASCII)
    if not found:
        raise SettingsError(
            f"{option} {text[:40]!r} is not a price. Give USD per million tokens for input and "
            f"output, for example {option} 0.25/2.00."
        )
    return Price(Decimal(found[1]), Decimal(found[2]))
