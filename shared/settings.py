"""The settings that bot and worker have in common, and the catalogue that they name."""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.addresses.http import ProxySettings, parse_endpoint, parse_listening_address, parse_proxy
from shared.addresses.pictures import parse_pictures_address
from shared.addresses.redis import parse_redis_address
from shared.catalogue import Catalogue, load_catalogue
from shared.errors import PentimentoError
from shared.queue.keys import DEFAULT_KEY_PREFIX, KeyNames, parse_key_prefix

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html
_GUARDRAIL_ID: Final = re.compile(r"[a-z0-9]+|arn:aws(?:-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+")
_GUARDRAIL_VERSION: Final = re.compile(r"[1-9][0-9]{0,7}|DRAFT")


class InvalidSettingsError(PentimentoError):
    """Settings are missing or wrong; the message names each on a line of its own."""


class CommonSettings(BaseSettings):
    """Settings that the bot and the worker read from the environment, into which `settings_reader` reads `.env`."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, regex_engine="python-re")

    library_secrets: ClassVar[tuple[str, ...]] = ()
    """Secrets that a library reads from the environment by itself; their files are read into it."""

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="The URL of the Redis server that bot and workers share: redis://, rediss:// (TLS) or unix://, or "
        "sentinel://host:port,host:port/0?service=NAME. Special characters in its password are percent-encoded.",
    )
    celery_broker_url: SecretStr | None = Field(
        None,
        description="The URL of another Redis server for Celery's tickets, which name no job and may be lost. Empty: "
        "that of REDIS_URL.",
    )
    redis_key_prefix: str = Field(
        DEFAULT_KEY_PREFIX,
        description="What the names of all keys in Redis begin with. {pentimento}: keeps them in one slot of a "
        "cluster; bots that share a Redis need one each. To change it later, move the keys: docs/operate/redis.md.",
    )
    pictures_url: str = Field(
        "",
        description="The bucket of S3 in which the pictures of waiting jobs lie, as s3://bucket/prefix. Its options: "
        "?region=, &sse= (AES256, aws:kms or none) and &kms_key_id=. Empty: Redis. See docs/operate/pictures.md.",
    )
    aws_endpoint_url_s3: str | None = Field(
        None, description="The URL of another store that speaks S3's protocol, for the pictures of PICTURES_URL."
    )
    s3_access_key_id: str | None = Field(
        None,
        description="The key's id for the bucket of PICTURES_URL. Empty: AWS's own variables, or the machine's role.",
    )
    s3_secret_access_key: SecretStr | None = Field(
        None, validate_default=True, description="The secret of that key for the bucket of PICTURES_URL."
    )
    catalogue_file: Path | None = Field(
        None,
        description="A TOML file that overrides parts of shared/catalogue.toml: prices, regions, models on offer.",
    )
    heartbeat_file: Path | None = Field(
        None, description="A file that is touched every few seconds while all is well, for a container's health check."
    )
    http_address: str = Field(
        "",
        description="The host and the port, as 0.0.0.0:9108, on which this process tells its metrics and its health: "
        "/metrics, /healthz and /readyz. Empty: it listens nowhere. Port 0 takes a free one, which the log names.",
    )
    guardrail_id: str | None = Field(
        None,
        description="The id or ARN of a guardrail of Amazon Bedrock that checks sources before each call and pictures "
        "after it. Empty for none.",
    )
    guardrail_version: str | None = Field(
        None, validate_default=True, description="The version of that guardrail: a number, or DRAFT."
    )
    guardrail_usd_per_picture: float = Field(
        0.00075,
        ge=0,
        le=1,
        description="The price of one picture that the guardrail checks, in US dollars, which is added to the prices "
        "of models while GUARDRAIL_ID is set. Compare it with AWS's price list.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The lowest level of messages that are logged: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="The format of the log: text, or json for one JSON object a line."
    )
    tracing: bool = Field(
        False,
        description="Whether traces of requests are sent to an OpenTelemetry collector, which the standard variables "
        "OTEL_* name. It needs the extra tracing.",
    )
    http_proxy: SecretStr | None = Field(
        None, description="The proxy for http:// addresses, as http://host:port. Redis and the database use none."
    )
    https_proxy: SecretStr | None = Field(
        None, description="The proxy for https:// addresses, Discord's and Amazon's, as http://host:port."
    )
    no_proxy: str = Field(
        "", description="The hosts that are reached without a proxy, separated by commas; * stands for all of them."
    )

    @field_validator("redis_url", "celery_broker_url")
    @classmethod
    def _validate_redis_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            parse_redis_address(url.get_secret_value())
        return url

    @field_validator("pictures_url")
    @classmethod
    def _validate_pictures_url(cls, url: str) -> str:
        if url:
            parse_pictures_address(url)
            if find_spec("boto3") is None:
                raise ValueError("it needs boto3, which is missing. Install pentimento[s3], or remove the setting")
        return url

    @field_validator("s3_secret_access_key")
    @classmethod
    def _require_key_and_secret(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (secret is None) != (info.data.get("s3_access_key_id") is None):
            raise ValueError("a key and its secret go together. Set both S3_ACCESS_KEY_ID and this, or neither")
        return secret

    @field_validator("aws_endpoint_url_s3")
    @classmethod
    def _validate_endpoint_of_s3(cls, url: str | None) -> str | None:
        return None if url is None else parse_endpoint(url)

    @field_validator("redis_key_prefix")
    @classmethod
    def _validate_redis_key_prefix(cls, prefix: str) -> str:
        return parse_key_prefix(prefix)

    @field_validator("http_proxy", "https_proxy")
    @classmethod
    def _validate_proxy(cls, proxy: SecretStr | None) -> SecretStr | None:
        return SecretStr(parse_proxy(proxy.get_secret_value())) if proxy else None

    @field_validator("http_address")
    @classmethod
    def _validate_http_address(cls, address: str) -> str:
        if address:
            parse_listening_address(address)
        return address

    @field_validator("guardrail_id")
    @classmethod
    def _validate_guardrail(cls, name: str | None) -> str | None:
        if name is not None and not _GUARDRAIL_ID.fullmatch(name):
            raise ValueError("it is neither an id nor an ARN. Copy it from the guardrail's page in AWS's console")
        return name

    @field_validator("guardrail_version")
    @classmethod
    def _validate_guardrail_version(cls, version: str | None, info: ValidationInfo) -> str | None:
        if "guardrail_id" in info.data and (version is None) != (info.data["guardrail_id"] is None):
            raise ValueError("a guardrail and its version go together. Set both GUARDRAIL_ID and this, or neither")
        if version is not None and not _GUARDRAIL_VERSION.fullmatch(version):
            raise ValueError("it is not the version of a guardrail. Write its number, or DRAFT")
        return version

    @field_validator("log_level", mode="before")
    @classmethod
    def _ignore_case(cls, level: Any) -> Any:
        return level.strip().upper() if isinstance(level, str) else level

    @field_validator("log_format", mode="before")
    @classmethod
    def _ignore_case_of_format(cls, log_format: Any) -> Any:
        return log_format.strip().lower() if isinstance(log_format, str) else log_format

    @field_validator("heartbeat_file")
    @classmethod
    def _require_folder(cls, path: Path | None) -> Path | None:
        if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
            raise ValueError("its folder is missing or may not be written")
        return path

    @field_validator("catalogue_file")
    @classmethod
    def _require_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path

    @property
    def key_names(self) -> KeyNames:
        return KeyNames(self.redis_key_prefix)

    @property
    def proxies(self) -> ProxySettings:
        return ProxySettings(
            http=self.http_proxy.get_secret_value() if self.http_proxy else None,
            https=self.https_proxy.get_secret_value() if self.https_proxy else None,
            excluded_hosts=self.no_proxy,
        )

    def read_catalogue(self) -> Catalogue:
        """Read the catalogue with the operator's changes and the price of checks by a guardrail.

        Raises `InvalidSettingsError` for a wrong file.
        """
        catalogue = _read_catalogue_file(self.catalogue_file)
        return catalogue.add_check_price(self.guardrail_usd_per_picture) if self.guardrail_id else catalogue


def _read_catalogue_file(path: Path | None) -> Catalogue:
    try:
        if path is None:
            return load_catalogue()
        catalogue = load_catalogue(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        reason = "it is not a text file in UTF-8. Save it again with the encoding UTF-8."
    except ValidationError as error:
        reason = _summarize_catalogue_errors(error.errors())
    except OSError as error:
        reason = f"it cannot be read ({error.strerror}). Make it a file that the user of this process may read."
    except ValueError as error:
        reason = f"{error}. Correct it, or remove the setting."
    else:
        catalogue.set_source(f"CATALOGUE_FILE ({path})")
        return catalogue
    raise InvalidSettingsError(f"CATALOGUE_FILE is wrong: {reason}")


def _summarize_catalogue_errors(errors: list[ErrorDetails]) -> str:
    """Describe the first error: the others often follow from it, as where the key of a model is misspelt."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"])
    missing = [details for details in errors if details["type"] == "missing" and details["loc"][:2] == first["loc"][:2]]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing" and len(missing) > 1:
        place, message = (
            ".".join(str(part) for part in first["loc"][:2]),
            "there is no such model, and a new one needs all fields",
        )
    elif first["type"] == "extra_forbidden":
        message = "there is no such field"
    return (
        f"{place}: {message}. Correct it; docs/reference/models.md lists models and fields." if place else f"{message}."
    )
