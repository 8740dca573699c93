"""A program that is told of verdicts, on this machine; it answers as a test says."""

import queue
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Told:
    """One request as it came."""

    path: str
    headers: dict[str, str]  # names in small letters
    body: bytes


class Receiver:
    """Where a receiver is, and what it was told.

    `answers` are the statuses that it answers next; when they are used up, 204. While `held` is an
    event, it answers when that is set.
    """

    def __init__(self, port):
        self.port, self.url = port, f"http://127.0.0.1:{port}/hook"
        self.answers, self.location, self.held = [], None, None
        self._told = queue.Queue()

    def take(self, told):
        self._told.put(told)
        if self.held is not None:
            self.held.wait(60)
        return self.answers.pop(0) if self.answers else 204

    def next(self):
        """Return the next request; a test fails if there is none in a minute."""
        return self._told.get(timeout=60)

    @property
    def waiting(self):
        return self._told.qsize()


@contextmanager
def receiving(tls=None, port=0):
    """Yield a receiver; with `tls`, one that is reached by https."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = one.take(Told(self.path, headers, body))
            self.send_response(status)
            if one.location:
                self.send_header("location", one.location)
            self.send_header("content-length", "0")
            with suppress(OSError):  # who asked was killed meanwhile
                self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    one = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
