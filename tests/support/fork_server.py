"""Starts bots, workers and stand-ins of tests as forks of a process that has imported all that they import.

A bot imports for longer than most tests last, and the tests start hundreds of processes. A fork has a session, an
environment, a current folder, outputs and an exit code of its own, as `python -m` would have. The tests of `make demo`
and of the commands start real interpreters.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

from demo.processes import ROOT, Process
from tests.support.unsynced_sqlite import leave_sqlite_unsynced

MODULES = frozenset({"bot", "worker", "demo.standins.bedrock", "demo.standins.discord"})
LENGTH, EXIT_CODE = struct.Struct("!Q"), struct.Struct("!i")
SERVER_SECONDS = 60.0

start_interpreter = Process.start_child


class ForkedChild:
    """A fork, with what `Process` uses of `subprocess.Popen`. The server reaps it and reports its exit code."""

    def __init__(self, pid: int, stdout: IO[str], exit_report: int) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._exit_report = exit_report
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while the fork runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code. Raises `subprocess.TimeoutExpired`."""
        with self._lock:
            if self.returncode is None:
                if not select.select([self._exit_report], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                (self.returncode,) = EXIT_CODE.unpack(os.read(self._exit_report, EXIT_CODE.size))
                os.close(self._exit_report)
            return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM, unless the fork has ended."""
        self._send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, unless the fork has ended."""
        self._send_signal(signal.SIGKILL)

    def _send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class ForkServer:
    """A process that has imported a module, and forks when it is asked to run it."""

    def __init__(self, module: str) -> None:
        self._lock = threading.Lock()
        self._socket, child_socket = socket.socketpair()
        self._socket.settimeout(SERVER_SECONDS)
        code = f"from tests.support.fork_server import serve; serve({module!r}, {child_socket.fileno()})"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_ARENA_MAX": "2"}
        with child_socket:
            self._server = subprocess.Popen(
                [sys.executable, "-c", code],
                pass_fds=[child_socket.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], errors: int) -> ForkedChild:
        """Fork, and run the module with these arguments."""
        request = json.dumps({"arguments": [*arguments], "folder": str(folder), "environment": {**environment}})
        data = request.encode()
        output, child_output = os.pipe()
        exit_report, server_report = os.pipe()
        with self._lock:
            socket.send_fds(self._socket, [LENGTH.pack(len(data))], [child_output, errors, server_report])
            self._socket.sendall(data)
            (pid,) = LENGTH.unpack(receive(self._socket, LENGTH.size))
        os.close(child_output)
        os.close(server_report)
        return ForkedChild(pid, os.fdopen(output), exit_report)

    def close(self) -> None:
        """End the server, which forks no more then."""
        self._socket.close()
        self._server.wait(SERVER_SECONDS)


def receive(connection: socket.socket, length: int) -> bytes:
    """Receive exactly so many bytes. Raises `ConnectionError` if the other side has ended."""
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError("the fork server has ended; its output says why")
        data += part
    return data


@contextlib.contextmanager
def fork_processes() -> Iterator[None]:
    """Let `Process` fork for the modules of the product instead of starting an interpreter."""
    servers: dict[str, ForkServer] = {}

    def start_child(
        arguments: Sequence[str], folder: Path, environment: Mapping[str, str], errors: IO[bytes]
    ) -> ForkedChild | subprocess.Popen[str]:
        option, module, *others = [*arguments, ""]
        # other constants have to be in place before anything is imported, and macOS does not like forks
        if option != "-m" or module not in MODULES or sys.platform == "darwin":
            return start_interpreter(arguments, folder, environment, errors)
        if module not in servers:
            servers[module] = ForkServer(module)
        return servers[module].start(others[:-1], folder, environment, errors.fileno())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Process, "start_child", staticmethod(start_child))
        yield
    for server in servers.values():
        server.close()


def serve(module: str, number: int) -> None:
    """Import the module, fork for each request on the socket with this file number, and run the module in the fork."""
    importlib.import_module(f"{module}.__main__")
    if module == "worker":
        importlib.import_module("worker.app")  # imported when it starts
    if module == "bot":
        leave_sqlite_unsynced()
    del sys.modules[f"{module}.__main__"]  # a fork runs it as its main module
    assert threading.active_count() == 1, "threads do not survive a fork"
    gc.collect()
    gc.freeze()
    request = ForkLoop(socket.socket(fileno=number)).run()
    if request is not None:
        sys.argv[1:] = request["arguments"]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


class ForkLoop:
    """The loop of the server: forks, reaps and reports."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reports: dict[int, int] = {}
        self._woken, self._wake_up = os.pipe()

    def run(self) -> dict[str, Any] | None:
        """Return the request in each fork, and None in the server once the tests have ended."""
        os.set_blocking(self._wake_up, False)
        signal.set_wakeup_fd(self._wake_up, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            sources: list[Any] = [self._connection, self._woken]
            ready = select.select(sources, [], [])[0]
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if self._connection in ready:
                header, descriptors, _, _ = socket.recv_fds(self._connection, LENGTH.size, 3)
                if not header:
                    return None
                request: dict[str, Any] = json.loads(receive(self._connection, LENGTH.unpack(header)[0]))
                if self._fork(descriptors):
                    self._become(request, *descriptors[:2])
                    return request

    def _fork(self, descriptors: list[int]) -> bool:
        """Fork; return whether this is the fork."""
        output, errors, report = descriptors
        pid = os.fork()
        if pid == 0:
            for descriptor in (*self._reports.values(), report):
                os.close(descriptor)
            return True
        self._reports[pid] = report
        os.close(output)
        os.close(errors)
        self._connection.sendall(LENGTH.pack(pid))
        return False

    def _become(self, request: dict[str, Any], output: int, errors: int) -> None:
        """Give the fork all that a new process has of its own."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self._woken, self._wake_up):
            os.close(descriptor)
        self._connection.close()
        os.setsid()
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.close(output)
        os.close(errors)
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        os.chdir(request["folder"])

    def _reap(self) -> None:
        for pid in [*self._reports]:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                report = self._reports.pop(pid)
                with contextlib.suppress(BrokenPipeError):
                    os.write(report, EXIT_CODE.pack(os.waitstatus_to_exitcode(status)))
                os.close(report)
