"""What a refusal means for the run: an error of ours, which says what to do next."""

from datetime import datetime, timedelta

from triage_agent.errors import ReplyError, ServiceError, SettingsError, StopError, TriageError
from triage_agent.intake import counted
from triage_agent.models.llm.addresses import Address
from triage_agent.models.llm.refusals import MISSING, RETRIED, Refusal
from triage_agent.models.llm.server_words import is_page, shown, text_of_page
from triage_agent.models.llm.waits import PATIENCE_S, in_words
from triage_agent.types import Usage

LONGEST_QUOTED = 10_000  # characters that are looked at for a message
DAILY_WAITS = 2  # Gemini names half a minute for a limit of the day too: then it is not believed


def explain(
    refusal: Refusal,
    address: Address,
    model: str,
    key: str,
    *,
    answered: bool = False,
    daily: int = 0,
) -> TriageError:
    """Return our error for a refusal; the key never shows in it.

    `answered`: the service has answered other questions of this run. `daily`: how often this row
    was refused for a limit of the day before, and has waited as it was told to.
    """
    host, status = address.host, refusal.status
    tail = _said(refusal.to_show, key)
    if refusal.about_quota:
        complaint = f"The account at {host} has no quota left. Top it up, then run again.{tail}"
        return StopError(complaint, "quota")
    if refusal.about_text:
        return _about_text(refusal, host, tail)
    if refusal.about_reply:
        complaint = f"{host} could not get an answer of {model} that fits the schema.{tail}"
        return ReplyError(complaint, "bad_schema", usage=Usage(calls=1))
    if stop := _about_access(refusal, address, model, key, tail, answered=answered):
        return stop
    if status in RETRIED or status >= 500 or (status == 404 and answered):
        return _about_service(refusal, host, tail, daily)
    if 300 <= status < 400:
        return SettingsError(
            f"{host} redirects elsewhere, and your text is not sent on. "
            "Give the final address with --base-url."
        )
    complaint = f"{host} refused the request ({status}).{tail}"
    return ServiceError(complaint, "bad_request", retryable=False)


def refused_alike(refusal: Refusal, texts: int, host: str, key: str) -> StopError:
    """Return the error that stops a run in which this many texts in a row were refused alike."""
    tail = _said(refusal.to_show, key)
    cure = "Check the settings with: triage doctor"
    kind = "refused"
    if refusal.about_key:
        cure, kind = "Check OPENAI_API_KEY (or --api-key).", "key"
    elif refusal.about_model:
        cure, kind = "Check --model.", "not_found"
    return StopError(
        f"{host} refused {counted(texts, 'text')} in a row in the same way ({refusal.status}), so "
        f"the rest is not sent. {cure}{tail}",
        kind,
    )


def not_json(content: bytes, host: str, key: str) -> ServiceError:
    """Return the error for an answer that claims success and is a page, or anything but JSON."""
    text = content.decode("utf-8", "replace")
    tail = _said(text_of_page(text) if is_page(text) else text[:LONGEST_QUOTED], key)
    return ServiceError(
        f"{host} answered with something that is not JSON. "
        f"Check that --base-url ends where the API begins (often in /v1).{tail}",
        "not_json",
    )


def _said(words: str, key: str) -> str:
    """Return a server's words as the end of a message; nothing if it has none."""
    said = shown(words, key)
    return f" It said: {said}{'' if said[-1] in '.!?' else '.'}" if said else ""


def _about_text(refusal: Refusal, host: str, tail: str) -> TriageError:
    """Return the error of one row whose text was refused."""
    if refusal.about_content:
        found = f" for {', '.join(refusal.filtered)}" if refusal.filtered else ""
        complaint = f"The content filter of {host} refused this text{found}. Classify it by hand."
        return ReplyError(f"{complaint}{tail}", "content_filter", usage=Usage(calls=1))
    if refusal.about_length:
        complaint = f"This text is too long for the model at {host} ({refusal.status})."
        return ServiceError(f"{complaint}{tail}", "bad_request", retryable=False)
    complaint = f"{host}, or a firewall in front of it, refused this text ({refusal.status})."
    return ServiceError(f"{complaint}{tail}", "bad_request", retryable=False)


def _about_access(
    refusal: Refusal, address: Address, model: str, key: str, tail: str, *, answered: bool
) -> StopError | None:
    """Return the error that stops the run for a key, a model or an address; None: it is not."""
    host, status = address.host, refusal.status
    if status == 401 or refusal.names_key:
        if not key:
            return StopError(f"{host} wants a key. Set OPENAI_API_KEY.{tail}", "key")
        complaint = f"{host} did not accept the key. Check OPENAI_API_KEY (or --api-key)."
        return StopError(f"{complaint}{tail}", "key")
    if status == 403 and not answered:
        return StopError(f"{host} does not allow this key to use {model}.{tail}", "forbidden")
    if refusal.names_model or (status in MISSING and refusal.about_model):
        return StopError(f"{host} knows no model {model!r}. Check --model.{tail}", "not_found")
    if status in MISSING and not answered:
        complaint = f"{host} knows no model {model!r}, or no API at this address."
        cure = "Check --model and --base-url."
        if refusal.about_address and address.with_version:
            complaint = f"Nothing answers at {address.endpoint}."
            cure = f"Check --base-url: many servers want {address.with_version}."
        return StopError(f"{complaint} {cure}{tail}", "not_found")
    return None


def _about_service(refusal: Refusal, host: str, tail: str, daily: int) -> TriageError:
    """Return the error for a service that may answer later."""
    status, wait_s = refusal.status, refusal.wait_s
    if wait_s is not None and wait_s > PATIENCE_S:
        complaint = f"{host} asks to wait {in_words(wait_s)}{_until(wait_s)}. Run again after that."
        return StopError(f"{complaint}{tail}", "quota")
    if refusal.daily and (wait_s is None or daily >= DAILY_WAITS):
        complaint = f"{host} has reached its limit for the day. Run again tomorrow."
        return StopError(f"{complaint}{tail}", "quota")
    kind = "rate_limit" if status == 429 else "server"
    how = "reported an error" if refusal.inside_200 else f"answered {status}"
    return ServiceError(f"{host} {how}.{tail}", kind, wait_s=wait_s)


def _until(seconds: float) -> str:
    """Return the moment at which a wait of at most a month ends, in local time."""
    if seconds > 31 * 86_400:
        return ""
    return (datetime.now().astimezone() + timedelta(seconds=seconds)).strftime(
        ", until %A %d %B, %H:%M"
    )
