"""A proxy for Redis that can hold back one script's request or reply, so that a test can act at an exact moment."""

import contextlib
import hashlib
import socket
import threading
from types import TracebackType
from typing import Literal, Self

from shared.queue.scripts import load_script

Side = Literal["request", "reply"]


class RedisProxy:
    """Forwards a loopback port to Redis. If a request is held, its script has not run; if a reply is held, it has."""

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._side: Side | None = None
        self._name = b""
        self._released = threading.Event()
        self.held_event = threading.Event()
        threading.Thread(target=self._accept_connections, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
        self._listener.close()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def hold_script(self, side: Side, name: str) -> None:
        """Hold the next request for this script, or the reply to it; `held_event` is set when that happens."""
        self._name = hashlib.sha1(load_script(name).encode()).hexdigest().encode()  # noqa: S324 - how Redis names scripts
        self._released.clear()
        self.held_event.clear()
        self._side = side

    def release(self) -> None:
        """Forward everything again, except on the connection that was held."""
        self._side = None
        self._released.set()

    def _accept_connections(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                muted = threading.Event()
                for pump in (self._forward_requests, self._forward_replies):
                    threading.Thread(target=pump, args=(client, server, muted), daemon=True).start()

    def _forward_requests(self, client: socket.socket, server: socket.socket, muted: threading.Event) -> None:
        with contextlib.suppress(OSError), client, server:
            before = b""
            while data := client.recv(65536):
                side = self._side if self._side and self._name in before + data else None
                before = data[1 - len(self._name) :]  # after an image, the name may be split over two reads
                if side:
                    self._side = None
                if side == "request":
                    self.held_event.set()
                    self._released.wait()
                    return
                if side == "reply":
                    muted.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _forward_replies(self, client: socket.socket, server: socket.socket, muted: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if muted.is_set():
                    self.held_event.set()
                    self._released.wait()
                    return
                client.sendall(data)
