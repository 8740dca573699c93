"""What a batch would cost, from the first rows of its table; nothing is sent."""

from decimal import Decimal

from triage_agent.batch.answering import Job
from triage_agent.batch.form import read_form
from triage_agent.batch.in_batches import WantedBatches
from triage_agent.errors import InputError
from triage_agent.intake import counted
from triage_agent.models import (
    MOST_ROOM,
    Price,
    Quote,
    asks_llm,
    batch_price,
    estimate_cost,
    price_for,
    prompt_of,
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
    sizes, problems = list[int](), 0
    for row in table.sample:
        for text in read_form(row, job.reading).texts:
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
        + _thinking(options, estimate_cost(sizes, calls, MOST_ROOM, MOST_ROOM, known), calls, price)
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
