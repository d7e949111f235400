"""boto3's sessions: with the credentials that it finds, or with those of a role that they assume.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from functools import partial
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError
from urllib3.exceptions import HTTPError

_SESSION_NAME: Final = "pentimento"
_METHOD: Final = "assume-role"
_STS_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}, signature_version="v4"
)


def create_session(region: str | None, role_arn: str | None = None) -> boto3.session.Session:
    """Create a session; `region` None leaves the region to AWS's own configuration.

    The credentials of a role are fetched when they are first needed, and again some minutes before they expire. They
    raise `CredentialRetrievalError` if that fails, whatever the reason.
    """
    if role_arn is None:
        return boto3.session.Session(region_name=region)
    session = botocore.session.get_session()
    session._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other way in
        method=_METHOD, refresh_using=partial(_assume_role, role_arn, region)
    )
    return boto3.session.Session(botocore_session=session, region_name=region)


def _assume_role(role_arn: str, region: str | None) -> dict[str, Any]:
    """Assume a role with credentials that are searched anew, as those of before may have expired."""
    try:
        client = boto3.session.Session(region_name=region).client("sts", config=_STS_CONFIG)
        found = client.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION_NAME)["Credentials"]
    except (BotoCoreError, ClientError, HTTPError, OSError) as error:
        raise CredentialRetrievalError(provider=_METHOD, error_msg=f"{role_arn}: {error}") from error
    return {
        "access_key": found["AccessKeyId"],
        "secret_key": found["SecretAccessKey"],
        "token": found["SessionToken"],
        "expiry_time": found["Expiration"].isoformat(),
    }
