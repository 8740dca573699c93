"""What a batch would cost, from the first rows of its table; nothing is sent."""

from triage_agent.batch.answering import Job
from triage_agent.batch.form import read_form
from triage_agent.errors import InputError, SettingsError
from triage_agent.intake import counted
from triage_agent.models import (
    MAX_OUTPUT_TOKENS,
    OPENAI_BASE_URL,
    TYPICAL_OUTPUT_TOKENS,
    asks_llm,
    estimate_cost,
    host_of,
    load_prices,
    load_prompt,
    price_of,
)
from triage_agent.settings import Backend, Options, choose_backend
from triage_agent.tables import Table


def quote_batch(options: Options, table: Table, job: Job, rows: int | None) -> str | None:
    """Return in a sentence what it would cost to answer the rows; None: it costs nothing.

    Raises `SettingsError` if the model's price is not known, and `InputError` if `rows` is not
    known, or if the first rows hold no problem.
    """
    choice, asked = choose_backend(options), asks_llm(options)
    if choice.backend is Backend.EMBEDDED:
        return None
    template = load_prompt(options.prompt)
    sizes, problems = list[int](), 0
    for row in table.sample:
        for text in read_form(row, job.reading).texts:
            problems += 1
            if asked(text):
                messages = template.messages(text)
                sizes.append(sum(len(m.content.encode("utf-8", "replace")) for m in messages))
    host = host_of(choice.base_url or OPENAI_BASE_URL)
    price = price_of(choice.model, load_prices(), options.price, host=host)
    if price is None:
        raise SettingsError(
            f"No price is known for {choice.model!r}. Give it with --price INPUT/OUTPUT."
        )
    if rows is None or not problems:
        raise InputError("A quote needs a file with at least one problem, not a stream.")
    calls = round(rows * len(sizes) / len(table.sample)) * options.votes
    result = estimate_cost(sizes, calls, MAX_OUTPUT_TOKENS, TYPICAL_OUTPUT_TOKENS, price)
    return (
        f"about {counted(calls, 'call')}, "
        f"{result.input_tokens:,} + {result.output_tokens:,} tokens: "
        f"${result.low_usd:.2f} likely, ${result.high_usd:.2f} at most without retries "
        f"(from the first {counted(len(table.sample), 'row')})"
    )
