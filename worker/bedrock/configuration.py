"""Checking AWS's own configuration, which botocore reads from variables and files, without calling anything.

https://docs.aws.amazon.com/boto3/latest/guide/configuration.html
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ConfigParseError, ProfileNotFound

from shared.catalogue import Catalogue
from shared.settings import InvalidSettingsError
from worker.bedrock.sessions import create_session

if TYPE_CHECKING:
    from botocore.session import Session

_PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")
_SERVICES: Final = ("bedrock", "bedrock-runtime", "sts")
_API_KEY_VARIABLE: Final = "AWS_BEARER_TOKEN_BEDROCK"
_UNUSED: Final = "unused"
"""Credentials for a client that calls nothing. Otherwise it would search for some, even at other services."""


def validate_aws_configuration(region: str, catalogue: Catalogue, accounts: Mapping[str, str | None]) -> None:
    """Check the profile, the configuration files, the endpoints, the region, and that roles can be assumed at all.

    Raises `InvalidSettingsError` with two sentences.
    """
    if any(accounts.values()) and os.environ.get(_API_KEY_VARIABLE):
        raise InvalidSettingsError(
            f"BEDROCK_ACCOUNTS names roles, and an API key cannot assume one. Remove {_API_KEY_VARIABLE} and set other "
            "credentials, or remove BEDROCK_ACCOUNTS."
        )
    try:
        session = create_session(region)
        _ = session.full_config  # both files
        session.get_scoped_config()
    except ProfileNotFound:
        raise InvalidSettingsError(
            "AWS_PROFILE is wrong: AWS's configuration files have no such profile. Add it there, or remove the setting."
        ) from None
    except (ConfigParseError, UnicodeDecodeError):
        raise InvalidSettingsError(
            "AWS's configuration files cannot be read. Correct ~/.aws/config and ~/.aws/credentials, "
            "or the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name."
        ) from None
    _validate_region(session, region, catalogue)
    try:
        for service in _SERVICES:
            session.create_client(service, region_name=region, aws_access_key_id=_UNUSED, aws_secret_access_key=_UNUSED)
    except (BotoCoreError, ValueError) as error:
        raise InvalidSettingsError(
            f"AWS's configuration cannot be used ({type(error).__name__}). Check the endpoint_url, which begins with "
            "https://, and the other settings in AWS's variables and configuration files."
        ) from None


def _validate_region(session: "Session", region: str, catalogue: Catalogue) -> None:
    if any(region in model.regions for model in catalogue):
        return
    if not any(region in session.get_available_regions("ec2", partition) for partition in _PARTITIONS):
        raise InvalidSettingsError(
            "AWS_REGION is wrong: AWS has no such region. Write its code, such as us-west-2, or, if it is new, "
            "add it to the regions of a model in CATALOGUE_FILE."
        )
