"""The names of all settings, of both halves, and those in the environment that look like a misspelt one."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

SETTING_NAMES: Final = frozenset(
    {
        "REDIS_KEY_PREFIX",
        "CELERY_BROKER_URL",
        *("REDIS_URL", "CATALOGUE_FILE", "HEARTBEAT_FILE", "LOG_LEVEL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
        "HTTP_ADDRESS",
        *("PICTURES_URL", "AWS_ENDPOINT_URL_S3", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"),
        *("DISCORD_TOKEN", "DISCORD_API_URL", "DATABASE_URL", "RECONCILE_INTERVAL_SECONDS", "IMAGE_RETENTION_DAYS"),
        *("RECORD_RETENTION_DAYS", "PROMPT_RETENTION_DAYS"),
        *("ATTACHMENT_HOSTS", "ATTACHMENT_MAX_BYTES", "EXTRAS_ALLOWED_USERS", "REDIS_MAX_MEMORY_RATIO"),
        *("LOG_FORMAT", "LOG_PROMPTS", "TRACING"),
        *("GUARDRAIL_ID", "GUARDRAIL_VERSION", "GUARDRAIL_USD_PER_PICTURE"),
        *("BUDGET_USD_PER_DAY", "BUDGET_USD_PER_MONTH", "SERVERS", "LEAVE_OTHER_SERVERS", "SHARDS"),
        *("PRIVACY_URL", "SOURCE_URL"),
        *("MAX_WAITING_PER_USER", "MAX_RUNNING_PER_USER", "MAX_PER_MINUTE_PER_USER"),
        *("MAX_RUNNING_PER_BATCH", "BATCH_RETENTION_DAYS", "BATCH_APPROVAL_DAYS", "BATCH_MAX_ITEMS"),
        *("C2PA_CERTIFICATE_FILE", "C2PA_PRIVATE_KEY_FILE"),
        *("MAX_WAITING_PER_CHANNEL", "MAX_RUNNING_PER_CHANNEL", "MAX_PER_MINUTE_PER_CHANNEL"),
        *("MAX_WAITING_PER_GUILD", "MAX_RUNNING_PER_GUILD", "MAX_PER_MINUTE_PER_GUILD"),
        *("AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        *(
            "AWS_ENDPOINT_URL_STS",
            "BEDROCK_ACCOUNTS",
            "BEDROCK_STREAMING",
            "BEDROCK_CALL_SECONDS",
            "BEDROCK_REQUEST_METADATA",
            "WORKER_CONCURRENCY",
            "LEASE_SECONDS",
        ),
        *("QUEUE_IMAGE_TTL_SECONDS", "MAX_WAIT_SECONDS"),
    }
)
"""One file may hold the settings of both halves, so each half knows those of the other."""

SECRET_FILE_NAMES: Final = frozenset(
    {
        *(
            "DISCORD_TOKEN_FILE",
            "REDIS_URL_FILE",
            "CELERY_BROKER_URL_FILE",
            "DATABASE_URL_FILE",
            "HTTP_PROXY_FILE",
            "HTTPS_PROXY_FILE",
            "S3_SECRET_ACCESS_KEY_FILE",
        ),
        *("AWS_ACCESS_KEY_ID_FILE", "AWS_SECRET_ACCESS_KEY_FILE", "AWS_SESSION_TOKEN_FILE"),
        "AWS_BEARER_TOKEN_BEDROCK_FILE",
    }
)
"""The variables that name a file with the value of a secret setting."""

_SIMILARITY: Final = 0.86
_FOREIGN_PREFIXES: Final = ("AWS_ENDPOINT_URL_",)
"""Variables of other programs that differ from ours by little: boto3 knows one of these for each service."""

_LIKENESSES: Final = sorted(
    (SETTING_NAMES | {name for name in SECRET_FILE_NAMES if not name.startswith("AWS_")})
    - {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_ENDPOINT_URL", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}
)


def is_setting(name: str) -> bool:
    """Tell whether a variable is a setting of either half, or names the file of one."""
    return name.upper() in SETTING_NAMES | SECRET_FILE_NAMES


def describe_misspelt_settings(names: Iterable[str]) -> list[str]:
    """Write two sentences about each name that is no setting but resembles one."""
    sentences = []
    for name in sorted(set(names)):
        upper = name.upper()
        if is_setting(name) or upper.startswith(_FOREIGN_PREFIXES):
            continue
        if similar := get_close_matches(upper, _LIKENESSES, n=1, cutoff=_SIMILARITY):
            sentences.append(f"{name} is not a setting and is ignored. Did you mean {similar[0]}?")
    return sentences
