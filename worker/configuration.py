"""The settings, the catalogue and AWS's own configuration, read and checked before anything is done with them."""

import gc
from typing import Any

from shared.catalogue import Catalogue
from worker.bedrock.client import BedrockImageClient
from worker.bedrock.configuration import validate_aws_configuration
from worker.bedrock.guardrail import BedrockGuardrail
from worker.settings import Settings, load_settings


def load_configuration(**overrides: Any) -> tuple[Settings, Catalogue]:
    """Load the settings, with these in place of others, and the catalogue. Raises `InvalidSettingsError`."""
    settings = load_settings(**overrides)
    catalogue = settings.read_catalogue()
    validate_aws_configuration(settings.aws_region, catalogue, settings.accounts)
    gc.collect()  # botocore's descriptions of services, 5 MiB in cycles
    return settings, catalogue


def create_image_client(settings: Settings, concurrency: int) -> BedrockImageClient:
    """Create the client of models, for so many calls at once in each account."""
    return BedrockImageClient(
        region=settings.aws_region,
        call_seconds=settings.bedrock_call_seconds,
        concurrency=concurrency,
        streaming=settings.bedrock_streaming,
        sends_metadata=settings.bedrock_request_metadata,
        accounts=settings.accounts,
    )


def create_guardrail(settings: Settings) -> BedrockGuardrail | None:
    """Create the guardrail that the settings name, if they name one."""
    if settings.guardrail_id is None or settings.guardrail_version is None:
        return None
    return BedrockGuardrail(
        settings.guardrail_id,
        settings.guardrail_version,
        region=settings.aws_region,
        call_seconds=settings.bedrock_call_seconds,
        concurrency=settings.worker_concurrency,
    )
