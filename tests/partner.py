"""A partner's system on this machine, over real TLS: what it was sent, and what it answers."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

TLS = Path(__file__).parent / "store" / "tls"


@contextmanager
def partner() -> Iterator[SimpleNamespace]:
    """Give the partner: `seen` (path, idempotency key, body), and `status`, `answer`, `headers` to set."""
    found = SimpleNamespace(seen=[], status=200, answer=b'{"ticket": "S-1"}', headers={})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.seen.append((self.path, self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.answer)

        def log_message(self, *_: object) -> None:
            return

    https = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
    https.socket = context.wrap_socket(https.socket, server_side=True)
    found.url = f"https://localhost:{https.server_port}/hook?tenant=1"
    threading.Thread(target=https.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        https.shutdown()
        https.server_close()
