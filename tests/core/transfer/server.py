"""A real web server on this machine that has files of weights, and breaks off where it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Weights:
    """What the server has, and what it was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: float = 1.0  # share of a file that it sends before the line breaks
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Weights]:
    """Have one run."""
    has = Weights()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            has.asked.append(self.path)
            content = has.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(OSError):  # who asked has heard enough
                self.wfile.write(content[: int(len(content) * has.cut)])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    has.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield has
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
