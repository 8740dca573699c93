"""What a batch would cost, from the first rows of its table; nothing is sent."""

from collections.abc import Callable
from decimal import Decimal

from triage_agent.batch.answering import Job
from triage_agent.batch.form import FormReading, read_form
from triage_agent.batch.in_batches import WantedBatches
from triage_agent.errors import InputError
from triage_agent.intake import MOST_PASSAGES, SplitText, counted
from triage_agent.models import (
    MOST_ROOM,
    Price,
    Quote,
    asks_llm,
    batch_price,
    estimate_cost,
    price_for,
    prompt_of,
    split_prompt_of,
    split_text,
)
from triage_agent.settings import Options, choose_backend
from triage_agent.tables import Table

UNKNOWN_PRICE = Price(Decimal(0), Decimal(0))  # only the tokens of its quote are shown


def quote_batch(
    options: Options,
    table: Table,
    job: Job,
    rows: int | None,
    in_batches: WantedBatches | None = None,
) -> str | None:
    """Return in a sentence what it would cost to answer the rows; None: it costs nothing.

    Where the model's price is not known, the sentence holds calls and tokens. Raises `InputError`
    if `rows` is not known, or if the first rows hold no problem.
    """
    choice, asked, prompt = choose_backend(options), asks_llm(options), prompt_of(options)
    if prompt is None:
        return None
    sizes, problems, splits = list[int](), 0, Splits(options, job.reading)
    for row in table.sample:
        texts = read_form(row, job.reading, splits.split).texts
        splits.end_row(len(texts))
        for text in texts:
            problems += 1
            if asked(text):
                sizes.append(prompt.request_bytes(text))
    live = price_for(choice, options)
    price = batch_price(live, in_batches.price) if in_batches else live
    if rows is None or not problems:
        raise InputError("A quote needs a file with at least one problem, not a stream.")
    calls = round(rows * len(sizes) / len(table.sample)) * options.votes
    known, room = price or UNKNOWN_PRICE, options.max_output_tokens or prompt.max_output_tokens
    result = estimate_cost(sizes, calls, room, prompt.typical_output_tokens, known)
    amount = (
        f"${result.low_usd:.2f} likely, ${result.high_usd:.2f} at most without retries"
        if price
        else f"no price is known for {choice.model!r}; --price INPUT/OUTPUT gives the amount"
    )
    return (
        f"about {counted(calls, 'call')}, "
        f"{result.input_tokens:,} + {result.output_tokens:,} tokens: {amount} "
        f"(from the first {counted(len(table.sample), 'row')}"
        f"{'; in batches, at ' + _share(price, live) if in_batches and price else ''}). "
        + splits.most(rows / len(table.sample), room, prompt.request_bytes, price)
        + _thinking(options, estimate_cost(sizes, calls, MOST_ROOM, MOST_ROOM, known), calls, price)
    )


class Splits:
    """The texts of some rows that an LLM is to take apart, and what that costs at most."""

    def __init__(self, options: Options, reading: FormReading) -> None:
        self._prompt = split_prompt_of(options) if reading.split else None
        self._votes, self._reading = options.votes, reading
        self._row: list[str] = []
        self._texts: list[str] = []  # that are asked about once more
        self._problems: list[str] = []  # a text for each problem that there may be beside it

    def split(self, text: str) -> SplitText:
        """Return the problems of a text by the rules, and note it if they are not sure."""
        found = split_text(text)
        if found.holds_several and self._prompt:
            self._row.append(text)
        return found

    def end_row(self, problems: int) -> None:
        """Note how many problems more a row may have: in the worst case all are as long as it."""
        if self._row:
            longest = max(self._row, key=len)
            more = len(self._row) * (MOST_PASSAGES - 1)
            if self._reading.max_problems:
                more = min(more, self._reading.slots - problems)
            self._problems += [longest] * max(0, more)
        self._texts += self._row
        self._row = []

    def most(
        self, scale: float, room: int, request_bytes: Callable[[str], int], price: Price | None
    ) -> str:
        """Return what it adds to a quote, in words; nothing if there is no such text."""
        if not self._texts or self._prompt is None:
            return ""
        asked, known = self._prompt, price or UNKNOWN_PRICE
        splits, problems = round(len(self._texts) * scale), round(len(self._problems) * scale)
        rooms = max(map(asked.room, self._texts))
        calls = splits + problems * self._votes
        first = estimate_cost([*map(asked.request_bytes, self._texts)], splits, rooms, rooms, known)
        then = estimate_cost(
            [*map(request_bytes, self._problems)], problems * self._votes, room, room, known
        )
        amount = f", ${first.high_usd + then.high_usd:.2f} more at most" if price else ""
        return (
            f"Beside these, --split-by model asks about {counted(splits, 'text')} that the rules "
            "do not surely take apart, and then about each problem that is found in them: up to "
            f"{counted(calls, 'call')} more{amount}. "
        )


def _share(price: Price, live: Price | None) -> str:
    """Return what a batch costs beside asking live, in words."""
    if live is None or not live.output_usd_per_million:
        return "the price of a batch"
    share = price.output_usd_per_million / live.output_usd_per_million
    return f"{100 * share:.0f} % of the price of asking live"


def _thinking(options: Options, longest: Quote, calls: int, price: Price | None) -> str:
    """Return what the quote leaves out: nobody knows beforehand how long a model thinks."""
    if options.max_output_tokens:
        return "A model that thinks before it answers comes nearer to the most than to the likely."
    most = f", and up to ${longest.high_usd:.2f}" if price and calls else ""
    return (
        "If the model thinks before it answers, the tokens of its thinking come on top: up to "
        f"{MOST_ROOM:,} for each call{most}. triage doctor says whether it thinks, and "
        "--max-output-tokens bounds it."
    )
