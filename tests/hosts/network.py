"""Hosts in network namespaces: veth pairs on a bridge, and packets that are dropped between two of them.

All of it is inside namespaces of a process that `unshare` started, with the processes on these hosts. The machine's own
network is not touched, and the kernel removes everything with that process, also if it is killed.

https://man7.org/linux/man-pages/man8/ip-netns.8.html, https://man7.org/linux/man-pages/man2/setns.2.html
"""

import contextlib
import ctypes
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NAMESPACES: Final = ("--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc")
PROGRAMS: Final = ("setpriv", "unshare", "mount", "ip", "iptables", "nsenter", "sysctl")
OPERATOR_ADDRESS: Final = "10.79.0.1"
_CLONE_NEWNET: Final = 0x40000000


class Network:
    """Hosts by their names, with the addresses 10.79.0.2 and up; this process is on the bridge that joins them."""

    def __init__(self, *names: str) -> None:
        self.addresses = {name: f"10.79.0.{number}" for number, name in enumerate(names, start=2)}

    def create(self) -> None:
        """Create the bridge and the hosts. The namespaces of this process must be its own."""
        _run("mount", "-t", "tmpfs", "pentimento", "/run")
        Path("/run/netns").mkdir()
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "bridge", "type", "bridge")
        _run("ip", "addr", "add", f"{OPERATOR_ADDRESS}/24", "dev", "bridge")
        _run("ip", "link", "set", "bridge", "up")
        for name, address in self.addresses.items():
            outer = f"to-{address.rpartition('.')[2]}"
            _run("ip", "netns", "add", name)
            _run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
            _run("ip", "link", "set", outer, "master", "bridge", "up")
            _run("ip", "-n", name, "link", "set", "lo", "up")
            _run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            _run("ip", "-n", name, "link", "set", "eth0", "up")

    @contextlib.contextmanager
    def enter(self, name: str) -> Iterator[None]:
        """Let this thread, and the processes that it starts, be on a host."""
        with Path("/proc/thread-self/ns/net").open() as before, Path(f"/run/netns/{name}").open() as entered:
            _set_namespace(entered.fileno())
            try:
                yield
            finally:
                _set_namespace(before.fileno())

    def publish_on_loopback(self, server: str, client: str, port: int) -> None:
        """Let what listens on the loopback of one host be reached at the server's address, and at another's loopback.

        A bot takes attachments over plain HTTP from loopback only.
        """
        address = self.addresses[server]
        for name in (server, client):
            self.run_on(name, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
        to_server = ("-t", "nat", "-p", "tcp", "--dport", str(port), "-j", "DNAT", "--to")
        self.run_on(server, "iptables", "-A", "PREROUTING", "-d", address, *to_server, f"127.0.0.1:{port}")
        self.run_on(client, "iptables", "-A", "OUTPUT", "-d", "127.0.0.1", *to_server, f"{address}:{port}")
        self.run_on(client, "iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "eth0", "-j", "MASQUERADE")

    def drop(self, source: str, target: str, share: float = 1.0) -> None:
        """Drop packets from one host where they arrive at another: all of them, or a random share."""
        chance = ("-m", "statistic", "--mode", "random", "--probability", str(share)) if share < 1 else ()
        self.run_on(target, "iptables", "-A", "INPUT", "-s", self.addresses[source], *chance, "-j", "DROP")

    def heal(self) -> None:
        """Let all packets through again."""
        for name in self.addresses:
            self.run_on(name, "iptables", "-F", "INPUT")

    def run_on(self, name: str, *command: str) -> None:
        """Run a command on a host."""
        _run("nsenter", f"--net=/run/netns/{name}", *command)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=30)


def _set_namespace(descriptor: int) -> None:
    """Move this thread to another network namespace. Raises `OSError`."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns failed")
