"""Serves a GGUF model over the OpenAI protocol on loopback, with llama.cpp's own server.

    python tests/support/serve_llm.py MODEL.gguf --port 8080 [--name NAME] [--threads 2]

It needs xllamacpp, which brings the server built (the project does not depend on it).
"""

import argparse
import threading

CONTEXT = 8192  # tokens of each question and its answer


def main() -> None:
    """Serve until the process is ended."""
    import xllamacpp  # here, for the tests are collected where it is not installed

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", default="local")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slots", type=int, default=1, help="questions at the same time")
    options = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.name}
    params.hostnames, params.port = ["127.0.0.1"], options.port
    params.n_parallel, params.n_ctx = options.slots, CONTEXT * options.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    server = xllamacpp.Server(params)  # it serves as long as it lives
    print(server.listening_address, flush=True)  # noqa: T201  a program's own output
    threading.Event().wait()


if __name__ == "__main__":
    main()
