"""A server that takes texts apart as it is told, and classifies the rest."""

import json
from typing import Any

from support.openai_server import Answer, Call, Fault, OpenAIServer, completion

DOUBTFUL = "our till is slow and the website has no prices and staff forget to log hours"
PARTS = ["our till is slow", "the website has no prices", "staff forget to log hours"]
PRIVATE = "Complaints go to ann@example.com and get lost and invoices are typed twice"


def is_split(call: Call) -> bool:
    """Return whether a call asks for the problems of a text."""
    wanted = call.body.get("response_format", {}).get("json_schema", {})
    return bool(wanted.get("name") == "passages")


def replying(passages: Any) -> dict[str, Any]:
    """Return the options of a server that replies with passages where a text is to be taken apart.

    They are a list, a reply in words, a fault, or a function from the text to one of these.
    """

    def found(call: Call) -> Any:
        return passages(call.text) if callable(passages) else passages

    def script(call: Call) -> Answer | None:
        if not is_split(call) or isinstance(said := found(call), Fault):
            return None
        words = json.dumps({"problems": said}) if isinstance(said, list) else said
        return Answer(200, completion(call.body, words))

    def fault(call: Call) -> Fault | None:
        return found(call) if is_split(call) and isinstance(found(call), Fault) else None

    return {"script": script, "schedule": fault}


def splitting(passages: Any, **options: Any) -> OpenAIServer:
    """Return such a server."""
    return OpenAIServer(**replying(passages), **options)


def splits(server: OpenAIServer) -> list[str]:
    """Return the texts that the server was to take apart, as it saw them."""
    return [call.text for call in server.kept if is_split(call)]
