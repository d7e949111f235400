"""A Redis behind TLS with users of its own, as the documentation sets it up."""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from demo.redis import RedisServer, find_free_port, find_server_binary, run_redis

REDIS_PAGE = Path(__file__).resolve().parents[2] / "docs" / "operate" / "redis.md"
PASSWORDS = {"pentimento-bot": "b0t-planted-redis-password", "pentimento-worker": "w0rker-planted-redis-password"}
ADMIN_PASSWORD = "adm1n-planted-redis-password"
TLS_SKIP_REASON = "needs openssl and a Redis server with TLS (Debian: apt-get install openssl redis-server)"


@dataclass(frozen=True)
class SecuredRedis:
    """A server whose plain port is for its administrator, and whose TLS port is for everybody else.

    Where the server was built without TLS there is no such port, and all use the plain one.
    """

    server: RedisServer
    tls_port: int | None
    ca_certificate: Path

    def build_url(self, user: str, *, password: str | None = None, authority: bool = True, database: int = 0) -> str:
        """Write the address that an operator puts into REDIS_URL."""
        if self.tls_port is None:
            return self.build_plain_url(user, password=password, database=database)
        trusted = f"&ssl_ca_certs={self.ca_certificate}" if authority else ""
        secret = password or PASSWORDS[user]
        return f"rediss://{user}:{secret}@127.0.0.1:{self.tls_port}/{database}?ssl_cert_reqs=required{trusted}"

    def build_plain_url(self, user: str, *, password: str | None = None, database: int = 0) -> str:
        return f"redis://{user}:{password or PASSWORDS[user]}@127.0.0.1:{self.server.port}/{database}"

    def connect_as_admin(self, database: int = 0) -> redis.Redis:
        return redis.Redis(port=self.server.port, password=ADMIN_PASSWORD, db=database)

    @contextlib.contextmanager
    def disable_user(self, user: str) -> Iterator[None]:
        """Refuse a user for a while, and end its connections."""
        with self.connect_as_admin() as admin:
            admin.execute_command("ACL", "SETUSER", user, "off")
            admin.execute_command("CLIENT", "KILL", "USER", user)
            try:
                yield
            finally:
                admin.execute_command("ACL", "SETUSER", user, "on")


def read_documented_users() -> dict[str, list[str]]:
    """Read the page's `user` lines: rules as ACL SETUSER takes them, without the password."""
    lines = re.findall(r"^user (pentimento-\w+) (.+)$", REDIS_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: [rule for rule in rules.split() if not rule.startswith(">")] for name, rules in lines}


def has_tls(binary: str) -> bool:
    """Tell whether TLS can be tried here: the server is linked with it, and openssl makes certificates."""
    if not shutil.which("openssl"):
        return False
    linked = subprocess.run(["ldd", binary], capture_output=True, timeout=10, check=False)  # noqa: S607 - libc's
    return b"libssl" in linked.stdout


def create_certificate(folder: Path) -> None:
    """Make a key and a certificate for 127.0.0.1 that is its own authority."""
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", *made], check=True, capture_output=True, timeout=30)  # noqa: S607 - Debian's


@contextlib.contextmanager
def run_secured_redis(folder: Path) -> Iterator[SecuredRedis]:
    """Run the server with its users. Only loopback sees either of its ports."""
    authority = folder / "cert.pem"
    port: int | None = None
    tls: tuple[str, ...] = ()
    if has_tls(find_server_binary()):
        create_certificate(folder)
        port = find_free_port()
        tls = ("--tls-port", str(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", str(authority))
        tls += ("--tls-cert-file", str(authority), "--tls-key-file", str(folder / "key.pem"))
    with run_redis(*tls) as server:
        with redis.Redis(port=server.port) as admin:
            for name, rules in read_documented_users().items():
                admin.execute_command("ACL", "SETUSER", name, *rules, f">{PASSWORDS[name]}")
            admin.execute_command("ACL", "SETUSER", "default", "resetpass", f">{ADMIN_PASSWORD}")
        yield SecuredRedis(server, port, authority)
