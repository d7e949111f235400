"""What an operator sets for the worker, each with where its value comes from. AWS's own variables are boto3's."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.catalogue import Catalogue, load_catalogue


class Settings(BaseSettings):
    """Read from the environment and from `.env` in the working directory; the environment wins."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    redis_url: Annotated[
        SecretStr,
        Field(
            description="The Redis that bot and workers share, from whoever runs it: redis://, rediss:// or unix://."
        ),
    ] = SecretStr("redis://127.0.0.1:6379/0")
    catalogue_file: Annotated[
        Path | None,
        Field(
            description="A TOML file of your own, laid over shared/catalogue.toml: prices, regions, models on offer."
        ),
    ] = None
    aws_region: Annotated[
        str,
        Field(description="The AWS region you call from; a model that is not there is called in its own first region."),
    ] = "us-west-2"
    bedrock_streaming: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Keys of models called by InvokeModelWithResponseStream, commas between; the row must allow it."
        ),
    ] = ()
    bedrock_call_seconds: Annotated[
        float, Field(gt=0, description="Deadline of one whole call of Bedrock, from connecting to the last byte.")
    ] = 120
    worker_concurrency: Annotated[
        int,
        Field(
            ge=1, le=256, description="Jobs at the same time in this process; they wait for Bedrock, not for the CPU."
        ),
    ] = 32
    lease_seconds: Annotated[
        float, Field(ge=3, description="How long a job stays a worker's own without a sign of life from it.")
    ] = 30
    queue_image_ttl_seconds: Annotated[
        int, Field(ge=60, description="How long Redis keeps a picture that waits for the next step.")
    ] = 86400
    max_wait_seconds: Annotated[
        float,
        Field(
            gt=0, description="How long a job may wait for Bedrock to be reachable and not busy before it is given up."
        ),
    ] = 6 * 3600
    heartbeat_file: Annotated[
        Path | None,
        Field(description="A file touched every few seconds while all is well, for a container's health check."),
    ] = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="How much is logged: your choice.")
    ] = "INFO"

    @field_validator("bedrock_streaming", mode="before")
    @classmethod
    def _split_commas(cls, written: object) -> object:
        return [word.strip() for word in written.split(",") if word.strip()] if isinstance(written, str) else written

    def read_catalogue(self) -> Catalogue:
        """Read the models. Raises `ValueError` or `OSError` naming what is wrong with the operator's file."""
        return load_catalogue(self.catalogue_file.read_text(encoding="utf-8") if self.catalogue_file else "")
