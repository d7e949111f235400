"""The settings of the worker. AWS's own variables (AWS_PROFILE and others) are read by boto3."""

from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from shared.settings import CommonSettings, InvalidSettingsError, read_settings


class Settings(CommonSettings):
    """The settings of the worker, in addition to those that it shares with the bot."""

    aws_region: str = Field(
        "us-west-2",
        description="The AWS region to call. Models that it does not have are called in the first region that they "
        "have in the catalogue.",
    )
    bedrock_streaming: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="The keys of the models to call by InvokeModelWithResponseStream, separated by commas. Their rows "
        "in the catalogue must allow it.",
    )
    bedrock_call_seconds: float = Field(
        120, gt=0, description="The time limit of one call of Bedrock, from connecting to the last byte, in seconds."
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
    max_wait_seconds: float = Field(
        6 * 3600,
        gt=0,
        description="How long a job may wait for a Bedrock that is busy or unreachable before it fails, in seconds.",
    )

    @field_validator("bedrock_streaming", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises `InvalidSettingsError` with a message for the operator."""
    try:
        return read_settings(Settings, **overrides)
    except InvalidSettingsError as error:
        raise InvalidSettingsError(
            f"The worker is not set up. Set these in the environment or in .env:\n{error}"
        ) from None
