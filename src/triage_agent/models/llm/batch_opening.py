"""Puts the batches of a provider behind an open language model."""

from triage_agent.errors import SettingsError
from triage_agent.models.llm.batch_answering import BatchAnswerer
from triage_agent.models.llm.batch_collection import Collection
from triage_agent.models.llm.batch_jobs import BatchJobs
from triage_agent.models.llm.batch_ledger import BatchLedger
from triage_agent.models.llm.batch_limits import WaitingTokens
from triage_agent.models.llm.batch_service import BatchService
from triage_agent.models.llm.batch_submission import Submission
from triage_agent.models.llm.opening import OpenLLM
from triage_agent.models.llm.prices import batch_price
from triage_agent.settings import Choice, Options


def open_batches(
    llm: OpenLLM, choice: Choice, options: Options, *, tokens: int | None, price: str | None
) -> BatchJobs:
    """Have a language model's questions answered by batches; what they refuse is asked live.

    `tokens` may wait at the provider at most; `price` is that of a batch, as --price is written.
    """
    if not llm.chat.modes:
        raise SettingsError(
            "--batch-api is for language models: a decision model has no endpoint for batches."
        )
    if options.fresh:
        raise SettingsError(
            "--fresh and --batch-api exclude each other: a run that goes on later must know what "
            "was asked. To ask anew, delete the cached answers with `triage cache --clear`."
        )
    chat, paid = llm.chat, batch_price(llm.budget.price, price)
    service = BatchService(chat.address, chat.model, choice.api_key or "", options.timeout)
    ledger = BatchLedger(llm.database, options.account)
    waiting = WaitingTokens(ledger, chat.base_url, chat.model, tokens)
    jobs = BatchJobs(
        chat,
        ledger,
        service,
        Submission(
            service, ledger, chat.base_url, chat.model, paid, llm.budget.cap_micro_usd, waiting
        ),
        Collection(service, ledger, llm.database, paid, waiting),
        live_price=llm.budget.price,
    )
    llm.caching.answerer = BatchAnswerer(chat, jobs, llm.caching.key)
    return jobs


def open_batches_of(llm: OpenLLM, account: str) -> int:
    """Return how many batches of an output have not been collected."""
    if not account:
        return 0
    ledger = BatchLedger(llm.database, account)
    return sum(one.account == ledger.account for one in ledger.batches())
