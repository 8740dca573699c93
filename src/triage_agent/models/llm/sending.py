"""One request to the service: sent when it may be, through a client that is made once.

The package openai makes the client, its headers and its errors. Its own way to send is left out:
it builds options, headers and URL anew for every request, which takes longer than sending it does.
"""

import asyncio
import json
from typing import Any

import httpx2
import openai
from pydantic_core import to_json

from triage_agent.errors import ServiceError, SettingsError, StopError
from triage_agent.models.llm.addresses import Address
from triage_agent.models.llm.attempts import refusal_of
from triage_agent.models.llm.completion import reported_usage
from triage_agent.models.llm.dialect import OTHER_LIMIT
from triage_agent.models.llm.error_bodies import refusal_inside
from triage_agent.models.llm.explanations import not_json
from triage_agent.models.llm.failures import failure, wants_tls
from triage_agent.models.llm.metering import Exchange, Meter
from triage_agent.models.llm.outage import Outage
from triage_agent.models.llm.refusals import Refusal, RefusedError, may_be_billed
from triage_agent.models.llm.transport import WAITED, status_error
from triage_agent.types import Usage

CHAT_PATH = "chat/completions"


class Sender:
    """Sends requests to one address, each when the meter admits it and the server is there."""

    def __init__(
        self,
        address: Address,
        key: str,
        headers: httpx2.Headers,
        http: httpx2.AsyncClient,
        timeout_s: float,
        meter: Meter,
        outage: Outage,
    ) -> None:
        self._address, self._key = address, key
        self._urls = {CHAT_PATH: httpx2.URL(address.endpoint)}
        self._headers = headers
        self._http, self._timeout_s = http, timeout_s
        self._meter, self._outage = meter, outage
        self._stopped: StopError | None = None  # what ended the run; nothing is sent after it
        self.reached = False  # whether a connection was ever made

    def stop(self, error: StopError) -> None:
        """Send nothing more: whoever waits for a turn gets this error now."""
        if self._stopped is None:
            self._stopped = error
            self._outage.stop()
            self._meter.stop(error)

    async def post(self, body: dict[str, Any], most_tokens: int, path: str = CHAT_PATH) -> Any:
        """Return the decoded answer to one request, sent when the meter admits it.

        Raises `RefusedError` for an error of the service, also one inside an answer.
        """
        unbounded = path == CHAT_PATH and not (OTHER_LIMIT.keys() & body.keys())
        if unbounded and self._meter.has_cost_cap:
            raise SettingsError(
                f"{self._address.host} takes no completion limit, so no cost cap can be enforced. "
                "Leave out --max-cost, or choose another model."
            )
        content = to_json(body)
        while True:
            alone = self._outage.on and await self._outage.turn()
            try:
                async with self._meter.admit(len(content), most_tokens) as exchange:
                    if self._stopped is not None:  # while this one waited for its turn
                        exchange.usage = Usage()
                        raise StopError(self._stopped.message, self._stopped.kind)
                    if self._outage.on and not alone:  # it went down meanwhile
                        exchange.usage = Usage()
                        continue
                    return await self._exchanged(content, exchange, path)
            finally:
                if alone:
                    self._outage.end_turn()

    async def _exchanged(self, content: bytes, exchange: Exchange, path: str) -> Any:
        """Return the decoded answer to one request that may be sent, noting what came of it."""
        try:
            response = await self._post(content, path)
        except openai.APIStatusError as error:
            exchange.status, exchange.headers = error.status_code, error.response.headers
            exchange.usage = reported_usage(error.body)
            refusal = refusal_of(error)
            if exchange.usage is None and not may_be_billed(refusal):
                exchange.usage = Usage()
            self._refused(refusal, exchange)
            raise RefusedError(refusal) from error
        except ServiceError as error:
            exchange.usage = None if error.sent else Usage()
            exchange.timed_out = error.kind == "timeout"
            self.reached = self.reached or error.sent
            self._outage.failed(error, reached=self.reached)
            raise
        exchange.status, exchange.headers = response.status_code, response.headers
        exchange.server_s = response.extensions.get(WAITED)
        payload = self._decode(response.content)
        exchange.usage = reported_usage(payload) or Usage(calls=1)
        if (inside := refusal_inside(payload)) is not None:
            exchange.status = inside.status
            self._refused(inside, exchange)
            raise RefusedError(inside)
        self.reached = True
        self._outage.answered(well=True)
        return payload

    def _refused(self, refusal: Refusal, exchange: Exchange) -> None:
        """Note an error of the service, which is there."""
        exchange.wait_s, self.reached = refusal.wait_s, True
        self._outage.refused(refusal)

    async def _post(self, content: bytes, path: str) -> httpx2.Response:
        """Return the response to one request, or raise the transport's failure as ours."""
        url = self._urls.get(path) or self._url_of(path)
        request = httpx2.Request("POST", url, headers=self._headers, content=content)
        try:
            # The limit of the client starts anew with every byte that drips in.
            async with asyncio.timeout(self._timeout_s):
                response = await self._http.send(request, follow_redirects=False)
        except Exception as error:
            raise failure(error, self._address.place) from error
        if response.is_success:
            return response
        if mixed_up := wants_tls(response.status_code, response.content, self._address.place):
            raise mixed_up
        raise status_error(response)

    def _url_of(self, path: str) -> httpx2.URL:
        """Return the URL of another path below the address, made once."""
        self._urls[path] = httpx2.URL(f"{self._address.base_url}/{path}")
        return self._urls[path]

    def _decode(self, content: bytes) -> Any:
        """Return the JSON value of an answer's body."""
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise not_json(content, self._address.host, self._key) from error
