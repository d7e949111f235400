"""The settings of the worker. AWS's own variables (AWS_PROFILE and others) are read by botocore."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from pydantic import AliasChoices, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from shared.addresses.http import parse_endpoint
from shared.settings import CommonSettings
from shared.settings_reader import read_settings
from worker.accounts import parse_accounts

_REGION: Final = re.compile(r"[a-z]{2,5}(?:-[a-z]+){1,3}-[0-9]{1,2}")


class Settings(CommonSettings):
    """The settings of the worker, in addition to those that it shares with the bot."""

    library_secrets: ClassVar[tuple[str, ...]] = (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
    )

    aws_region: str = Field(
        "us-west-2",
        validation_alias=AliasChoices("aws_region", "aws_default_region"),
        description="The AWS region to call. AWS_DEFAULT_REGION is read in its place. Models that it does not have "
        "are called in the first region that they have in the catalogue.",
    )
    aws_endpoint_url: str | None = Field(
        None,
        description="The URL of another service in the place of all of AWS. Only a stand-in or a gateway needs it.",
    )
    aws_endpoint_url_bedrock: str | None = Field(
        None, description="The same for Bedrock's control plane alone, which only `doctor` calls."
    )
    aws_endpoint_url_sts: str | None = Field(None, description="The same for STS alone, which BEDROCK_ACCOUNTS needs.")
    aws_endpoint_url_bedrock_runtime: str | None = Field(
        None, description="The same for the calls of models alone, such as a VPC endpoint with a name of its own."
    )
    bedrock_accounts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="The AWS accounts to call, separated by commas: the ARN of a role in each, which the credentials "
        "may assume, and default for the account of the credentials. Empty for that one alone.",
    )
    bedrock_streaming: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="The keys of the models to call by InvokeModelWithResponseStream, separated by commas. Their rows "
        "in the catalogue must allow it.",
    )
    bedrock_call_seconds: float = Field(
        120, gt=0, description="The time limit of one call of Bedrock, from connecting to the last byte, in seconds."
    )
    bedrock_request_metadata: bool = Field(
        False,
        description="Whether each call names its job and its server, by id, in AWS's log of invocations, so that "
        "it can be joined with the bot's own records. It holds no personal data.",
    )
    worker_concurrency: int = Field(
        32,
        ge=1,
        le=256,
        description="How many jobs run at once in this process. They wait for Bedrock and hardly need the CPU.",
    )
    lease_seconds: float = Field(
        30, ge=3, description="After how many seconds without a sign of life a worker loses its jobs."
    )
    queue_image_ttl_seconds: int = Field(
        86400, ge=60, description="How long Redis keeps a picture that waits for the next step, in seconds."
    )
    c2pa_certificate_file: Path | None = Field(
        None,
        description="A file with the certificate, in PEM, that signs results with Content Credentials (C2PA), and "
        "those of its issuers after it. Without it, nothing is signed.",
    )
    c2pa_private_key_file: Path | None = Field(
        None, validate_default=True, description="The file with the private key of that certificate, in PEM."
    )
    max_wait_seconds: float = Field(
        6 * 3600,
        gt=0,
        description="How long a job may wait for a Bedrock that is busy or unreachable before it fails, in seconds.",
    )

    @field_validator("aws_region")
    @classmethod
    def _validate_region(cls, region: str) -> str:
        if not _REGION.fullmatch(region):
            raise ValueError("it is not the code of a region. Write it as us-west-2, not as the console's name of it")
        return region

    @field_validator(
        "aws_endpoint_url", "aws_endpoint_url_bedrock", "aws_endpoint_url_sts", "aws_endpoint_url_bedrock_runtime"
    )
    @classmethod
    def _validate_endpoint(cls, url: str | None) -> str | None:
        return None if url is None else parse_endpoint(url)

    @field_validator("c2pa_private_key_file")
    @classmethod
    def _require_both(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if (path is None) != (info.data.get("c2pa_certificate_file") is None):
            raise ValueError(
                "a certificate and its key go together. Set both C2PA_CERTIFICATE_FILE and this, or neither"
            )
        return path

    @field_validator("bedrock_accounts")
    @classmethod
    def _validate_accounts(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        parse_accounts(names)
        return names

    @field_validator("bedrock_streaming", "bedrock_accounts", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @property
    def accounts(self) -> Mapping[str, str | None]:
        """The accounts to call, in their order, each with the role to assume in it; None for the default account."""
        return parse_accounts(self.bedrock_accounts)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises `InvalidSettingsError` with a message for the operator."""
    return read_settings(
        Settings, heading="The worker is not set up. Set these in the environment or in .env:", **overrides
    )
