"""botocore's clients of Bedrock's runtime: one session, and one client for each region."""

from threading import Lock
from typing import TYPE_CHECKING, Final, cast

from botocore.config import Config

from worker.bedrock.sessions import create_session

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.client import BedrockRuntimeClient

CONNECT_TIMEOUT_SECONDS: Final = 5


class RuntimeClients:
    """Clients that send each request once, and that threads may share.

    botocore's clients may be shared between threads and its sessions may not, so clients are created under a lock:
    https://docs.aws.amazon.com/boto3/latest/guide/clients.html
    """

    def __init__(self, region: str | None, read_seconds: float, concurrency: int, role_arn: str | None = None) -> None:
        """Configure the clients; connections are opened by the first call.

        `region` None leaves the region to AWS's own configuration. A socket waits at most `read_seconds` for a byte.
        `concurrency` is how many connections to a region are kept. They are signed as the role, if there is one.
        """
        self._region = region
        self._role_arn = role_arn
        self._session = create_session(region, role_arn)
        self._config = Config(
            connect_timeout=min(CONNECT_TIMEOUT_SECONDS, read_seconds),
            read_timeout=read_seconds,
            max_pool_connections=concurrency,
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
        )
        self._clients: dict[str | None, BedrockRuntimeClient] = {}
        self._lock = Lock()

    @property
    def region(self) -> str | None:
        """The region of the session."""
        region: str | None = self._session.get_config_variable("region")
        return region

    def get_client(self, region: str | None) -> "BedrockRuntimeClient":
        with self._lock:
            if region not in self._clients:
                client = self._session.create_client("bedrock-runtime", region_name=region, config=self._config)
                self._clients[region] = cast("BedrockRuntimeClient", client)
            return self._clients[region]

    def assume_role(self) -> None:
        """Fetch the credentials of the role, unless there are some that do not expire soon.

        Raises `CredentialRetrievalError`. Without a role nothing is done: botocore searches for credentials at a call.
        """
        if self._role_arn is None:
            return
        with self._lock:
            credentials = self._session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()

    def forget_credentials(self) -> None:
        """Make the next call search for credentials again: sessions cache them, clients cache that there are none."""
        self.close()
        with self._lock:
            self._session = create_session(self._region, self._role_arn)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
