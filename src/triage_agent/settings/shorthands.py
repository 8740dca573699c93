"""Shorthands such as `ollama:qwen3`: a model on this machine, at its server's usual address.

Only what was asked for: nothing looks whether such a server is there, and no variable of the
server's own (OLLAMA_HOST) counts, for the address of a text must be what the user can see.
"""

# Each server listens there unless it is told otherwise. `localhost`, because some listen on IPv4's
# loopback address and some on IPv6's.
ADDRESSES = {
    "ollama": "http://localhost:11434/v1",
    "lmstudio": "http://localhost:1234/v1",
    "llamacpp": "http://localhost:8080/v1",
    "vllm": "http://localhost:8000/v1",
}


def read_shorthand(model: str) -> tuple[str, str | None]:
    """Return the model's own name, and its server's address; None: it is no shorthand.

    The name is empty if the server is to say which model it has.

    >>> read_shorthand("ollama:qwen2.5:7b")
    ('qwen2.5:7b', 'http://localhost:11434/v1')
    >>> read_shorthand("llamacpp:"), read_shorthand("openai/gpt-4o:free")
    (('', 'http://localhost:8080/v1'), ('openai/gpt-4o:free', None))
    """
    server, colon, name = model.partition(":")
    address = ADDRESSES.get(server.strip().casefold()) if colon else None
    return (name.strip(), address) if address else (model, None)
