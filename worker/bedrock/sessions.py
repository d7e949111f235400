"""botocore's sessions: with the credentials that it finds, or with those of a role that they assume.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from functools import cache, partial
from pathlib import PurePath
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError
from botocore.loaders import JSONFileLoader
from urllib3.exceptions import HTTPError

_SESSION_NAME: Final = "pentimento"
_METHOD: Final = "assume-role"
_SERVICES: Final = frozenset({"bedrock", "bedrock-runtime", "ec2", "oidc", "portal.sso", "sts"})
"""What is called, where credentials come from, and `ec2`, whose regions are those of AWS."""

_STS_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}, signature_version="v4"
)


def create_session(region: str | None, role_arn: str | None = None) -> botocore.session.Session:
    """Create a session; `region` None leaves the region to AWS's own configuration.

    The credentials of a role are fetched when they are first needed, and again some minutes before they expire. They
    raise `CredentialRetrievalError` if that fails, whatever the reason.
    """
    session = botocore.session.get_session()
    session.get_component("data_loader").file_loader = _FileLoader()
    if region is not None:
        session.set_config_variable("region", region)
    if role_arn is not None:
        session._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other way in
            method=_METHOD, refresh_using=partial(_assume_role, role_arn, region)
        )
    return session


def _assume_role(role_arn: str, region: str | None) -> dict[str, Any]:
    """Assume a role with credentials that are searched anew, as those of before may have expired."""
    try:
        client: Any = create_session(region).create_client("sts", config=_STS_CONFIG)
        found = client.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION_NAME)["Credentials"]
    except (BotoCoreError, ClientError, HTTPError, OSError) as error:
        raise CredentialRetrievalError(provider=_METHOD, error_msg=f"{role_arn}: {error}") from error
    return {
        "access_key": found["AccessKeyId"],
        "secret_key": found["SecretAccessKey"],
        "token": found["SessionToken"],
        "expiry_time": found["Expiration"].isoformat(),
    }


class _FileLoader(JSONFileLoader):
    """Loads the table of endpoints once for all sessions, with only the services that a worker may use.

    That of all services takes 9 MiB of memory in each session.
    """

    def load_file(self, file_path: str) -> Any:
        """Load a file by its path without suffix, or return None if there is none."""
        return _load_endpoints(file_path) if PurePath(file_path).name == "endpoints" else super().load_file(file_path)


@cache
def _load_endpoints(file_path: str) -> Any:
    table = JSONFileLoader().load_file(file_path)
    for partition in table["partitions"] if table else ():
        services = partition["services"].items()
        partition["services"] = {name: endpoints for name, endpoints in services if name in _SERVICES}
    return table
