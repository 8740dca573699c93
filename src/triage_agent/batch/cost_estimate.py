"""What a batch would cost, from the first rows of its table; nothing is sent."""

from decimal import Decimal

from triage_agent.batch.answering import Job
from triage_agent.batch.form import read_form
from triage_agent.errors import InputError
from triage_agent.intake import counted
from triage_agent.models import (
    Price,
    asks_llm,
    estimate_cost,
    price_for,
    prompt_of,
)
from triage_agent.settings import Options, choose_backend
from triage_agent.tables import Table

UNKNOWN_PRICE = Price(Decimal(0), Decimal(0))  # only the tokens of its quote are shown


def quote_batch(options: Options, table: Table, job: Job, rows: int | None) -> str | None:
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
    price = price_for(choice, options)
    if rows is None or not problems:
        raise InputError("A quote needs a file with at least one problem, not a stream.")
    calls = round(rows * len(sizes) / len(table.sample)) * options.votes
    known = price or UNKNOWN_PRICE
    result = estimate_cost(
        sizes, calls, prompt.max_output_tokens, prompt.typical_output_tokens, known
    )
    amount = (
        f"${result.low_usd:.2f} likely, ${result.high_usd:.2f} at most without retries"
        if price
        else f"no price is known for {choice.model!r}; --price INPUT/OUTPUT gives the amount"
    )
    return (
        f"about {counted(calls, 'call')}, "
        f"{result.input_tokens:,} + {result.output_tokens:,} tokens: {amount} "
        f"(from the first {counted(len(table.sample), 'row')})"
    )
