"""The HTTP endpoints /metrics, /healthz and /readyz of the worker, in threads of their own."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from shared.addresses.http import parse_listening_address

log = logging.getLogger(__name__)

REQUEST_TIMEOUT_SECONDS: Final = 10.0

Page = Callable[[], tuple[int, str, bytes]]
"""Returns the status, the type and the body of a response."""


class MonitoringServer:
    """Serves pages, by their paths, to whoever asks with GET."""

    def __init__(self, address: str, pages: Mapping[str, Page]) -> None:
        """Listen. Raises `OSError` if the address cannot be used."""
        host, port = parse_listening_address(address)
        family, _, _, _, socket_address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        kind = type("_Server", (_Server,), {"address_family": family})
        self._server: _Server = kind(socket_address[:2], _Handler)
        self._server.pages = pages
        shown = f"[{host}]" if ":" in host else host
        log.info("metrics and health are told on http://%s:%d", shown, self._server.server_port)

    def start(self) -> None:
        """Serve in a thread, which does not keep the process alive."""
        threading.Thread(target=self._server.serve_forever, name="monitoring", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    pages: Mapping[str, Page]


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_TIMEOUT_SECONDS
    server: _Server

    def do_GET(self) -> None:
        """Send the page of this path."""
        page = self.server.pages.get(self.path.partition("?")[0])
        status, content_type, body = page() if page else (404, "text/plain", b"There is /metrics, /healthz, /readyz.\n")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the method that it replaces
        """Log no request: there is one every few seconds."""
