"""Finding the credentials that botocore would use, and their kind, without calling Bedrock.

https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from botocore.exceptions import PartialCredentialsError
from botocore.session import get_session

from shared.doctor.findings import Finding, Status
from worker.bedrock.deadline import run_with_deadline
from worker.bedrock.errors import CALL_ERRORS

SEARCH_TIMEOUT_SECONDS: Final = 15.0
CREDENTIALS: Final = "aws.credentials"

_PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "env": "the environment",
        "shared-credentials-file": "AWS's credentials file",
        "config-file": "AWS's configuration file",
        "assume-role": "a role that is assumed",
        "assume-role-with-web-identity": "a role by web identity (Kubernetes)",
        "sso": "IAM Identity Center",
        "login": "aws login",
        "custom-process": "a process",
        "iam-role": "the role of this machine",
        "container-role": "the role of this container",
    }
)
_ADVICE: Final = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK, or give the machine a role."
)


def check_credentials() -> Finding:
    """Find the credentials and describe their kind. Whether AWS accepts them is known after a call.

    An API key takes precedence over all others: https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
    """
    if os.environ.get("AWS_BEARER_TOKEN_BEDROCK"):
        return Finding(CREDENTIALS, Status.OK, "An API key of Bedrock, in AWS_BEARER_TOKEN_BEDROCK.")
    try:
        found = run_with_deadline(SEARCH_TIMEOUT_SECONDS, _find_credentials)
    except PartialCredentialsError as error:
        what = f"Half of the credentials is missing ({error.kwargs.get('cred_var', error)})."
        return Finding(CREDENTIALS, Status.ERROR, what, "Set both the key's id and its secret.")
    except CALL_ERRORS as error:
        what = f"There are no AWS credentials ({type(error).__name__}: {error})."
        return Finding(CREDENTIALS, Status.ERROR, what, _ADVICE)
    if found is None:
        return Finding(CREDENTIALS, Status.ERROR, "There are no AWS credentials.", _ADVICE)
    return _describe_credentials(*found)


def _find_credentials() -> tuple[str, str, bool] | None:
    """Return where credentials are, the id of their key, and whether they have a session token."""
    credentials: Any = get_session().get_credentials()
    if credentials is None:
        return None
    frozen = credentials.get_frozen_credentials()
    return credentials.method, frozen.access_key or "", bool(frozen.token)


def _describe_credentials(method: str, access_key: str, has_token: bool) -> Finding:
    place = _PLACES.get(method, method)
    if access_key.startswith("ASIA") and not has_token:
        what = f"Temporary credentials without their session token, from {place}."
        return Finding(CREDENTIALS, Status.ERROR, what, "Set AWS_SESSION_TOKEN, too.")
    if has_token and method == "env":
        what = f"Temporary credentials, from {place}: they expire, and the worker then waits for new ones."
        return Finding(CREDENTIALS, Status.WARNING, what, "Use a role, or the access key of an IAM user.")
    kind = "Temporary credentials, which are renewed," if has_token else "The access key of an IAM user,"
    return Finding(CREDENTIALS, Status.OK, f"{kind} from {place}.")
