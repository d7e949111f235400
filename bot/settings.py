"""The settings of the bot."""

import re
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from bot.domain.shards import parse_shards
from shared.addresses.database import parse_database_address
from shared.addresses.http import parse_endpoint, parse_host
from shared.settings import CommonSettings


class DatabaseSettings(CommonSettings):
    """The settings of commands that need nothing but the database."""

    database_url: SecretStr = Field(
        SecretStr("sqlite:///pentimento.db"),
        description="The database of all requests and outcomes: sqlite:///file.db for a file, or "
        "postgresql://user:password@host/name for a PostgreSQL server. "
        "Special characters in its password are percent-encoded.",
    )

    @field_validator("database_url")
    @classmethod
    def _validate_database_url(cls, url: SecretStr) -> SecretStr:
        parse_database_address(url.get_secret_value())
        return url


class Settings(DatabaseSettings):
    """The settings of the bot, in addition to those that it shares with the worker."""

    library_secrets: ClassVar[tuple[str, ...]] = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    """The credentials for the bucket of PICTURES_URL, which boto3 reads."""

    discord_token: SecretStr = Field(
        description="The bot's token. You get it in Discord's developer portal: your application, Bot, Reset Token."
    )
    discord_api_url: str = Field(
        "https://discord.com/api/v10",
        description="The URL of Discord's REST API. Only a stand-in needs another one.",
    )
    log_prompts: bool = Field(
        False,
        description="Whether the log shows what people ask for: the prompt of each request that is accepted, and at "
        "LOG_LEVEL=DEBUG the bodies of Discord's events and requests.",
    )
    reconcile_interval_seconds: float = Field(
        60, ge=1, description="How often the bot looks for requests that the queue has lost, in seconds."
    )
    image_retention_days: float = Field(
        30,
        ge=0,
        description="How many days pictures are kept in the database: those that requests started from, for the "
        "buttons under their results, and results that could not be posted, for /show. 0 keeps none.",
    )
    record_retention_days: int | None = Field(
        None,
        ge=1,
        description="How many days the records of requests, batches and contests are kept in the database after they "
        "ended, with all that belongs to them; their lines in the ledger stay. Empty keeps them for ever.",
    )
    prompt_retention_days: int | None = Field(
        None,
        ge=1,
        description="How many days the words of requests are kept in the database, and so in /history and for the "
        "buttons under results; presets keep theirs. Empty keeps them as long as the records.",
    )
    batch_retention_days: float = Field(
        30,
        ge=1,
        description="How many days the pictures of a batch are kept in the database after it ended: those that were "
        "sent in, and those that were made, for the export.",
    )
    batch_max_items: int = Field(
        500, ge=1, le=500, description="How many pictures a batch may make. A table or an archive with more is refused."
    )
    batch_approval_days: float = Field(
        7, gt=0, description="How many days a batch waits for an approval. Then it ends, and nothing is paid."
    )
    attachment_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        ("cdn.discordapp.com", "media.discordapp.net"),
        description="The hosts from which the bot downloads pictures, separated by commas: Discord's file servers.",
    )
    attachment_max_bytes: int = Field(
        25 * 1024 * 1024,
        ge=1,
        description="The size of the largest picture that is accepted, in bytes. Discord's own limit may be lower.",
    )
    extras_allowed_users: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(),
        description="The ids of the users who may use the option extras, separated by commas. To find an id, turn on "
        "Discord's developer mode, right-click the user and choose Copy User ID.",
    )
    max_waiting_per_user: int = Field(
        20, ge=1, description="How many requests of one user may be open at once, whether they wait or run."
    )
    max_running_per_user: int = Field(2, ge=1, description="How many requests of one user may run at once.")
    max_running_per_batch: int = Field(4, ge=1, description="How many items of one batch may run at once.")
    max_waiting_per_channel: int = Field(
        200,
        ge=0,
        description="How many requests of one channel may be open at once, whether they wait or run. 0 means no limit.",
    )
    max_running_per_channel: int = Field(
        0, ge=0, description="How many requests of one channel may run at once. 0 means no limit."
    )
    max_waiting_per_guild: int = Field(
        500,
        ge=0,
        description="How many requests of one server may be open at once, whether they wait or run. 0 means no limit.",
    )
    max_running_per_guild: int = Field(
        0, ge=0, description="How many requests of one server may run at once. 0 means no limit."
    )
    max_per_minute_per_user: int = Field(
        30, ge=0, description="How many requests of one user are accepted in a minute. 0 means no limit."
    )
    max_per_minute_per_channel: int = Field(
        120, ge=0, description="How many requests of one channel are accepted in a minute. 0 means no limit."
    )
    max_per_minute_per_guild: int = Field(
        300, ge=0, description="How many requests of one server are accepted in a minute. 0 means no limit."
    )
    servers: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(),
        description="The ids of the servers that may use the bot, separated by commas. Empty means every server that "
        "adds it.",
    )
    leave_other_servers: bool = Field(
        False,
        description="Whether the bot leaves servers that SERVERS does not name. Otherwise it stays and refuses to work "
        "there.",
    )
    budget_usd_per_day: float | None = Field(
        None,
        ge=0,
        description="How many US dollars all servers together may spend in a day (UTC). Requests beyond it are "
        "rejected. Empty means no limit.",
    )
    budget_usd_per_month: float | None = Field(
        None,
        ge=0,
        description="How many US dollars all servers together may spend in a calendar month (UTC). "
        "Empty means no limit.",
    )
    shards: str = Field(
        "",
        description="The shards of Discord's gateway that this process runs, as in 0-3/8 or 0,1/8: these of 8 in all. "
        "Empty means as many as Discord recommends, all in this process.",
    )
    privacy_url: str = Field(
        "", pattern=r"^(https?://\S+)?\Z", description="The address of your privacy policy, which /about shows."
    )
    source_url: str = Field(
        "", pattern=r"^(https?://\S+)?\Z", description="The address of the source code you run, which /about shows."
    )
    redis_max_memory_ratio: float = Field(
        0.8,
        gt=0,
        le=1,
        description="The share of Redis's maxmemory above which new requests are rejected, from 0 to 1.",
    )

    @property
    def has_budget(self) -> bool:
        """Whether the spending of the whole bot is limited."""
        return self.budget_usd_per_day is not None or self.budget_usd_per_month is not None

    @field_validator("discord_token")
    @classmethod
    def _validate_token(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value().strip()
        if text.lower().startswith("bot "):
            raise ValueError("it begins with “Bot ”. Remove that word and the space after it; the token itself is good")
        if text[:1] in {"'", '"'} or text[-1:] in {"'", '"'}:
            raise ValueError("it stands in quotes. Remove them")
        if not re.fullmatch(r"[!-~]+", text):
            raise ValueError(
                "it contains a space or a character that no token has. Copy it again from Discord's portal"
            )
        return SecretStr(text)

    @field_validator("shards")
    @classmethod
    def _validate_shards(cls, text: str) -> str:
        if text.strip():
            parse_shards(text)
        return text.strip()

    @field_validator("attachment_hosts", "extras_allowed_users", "servers", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("attachment_hosts")
    @classmethod
    def _validate_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if not hosts:
            raise ValueError("it names no host. Remove it, and Discord's are used")
        return tuple(parse_host(host) for host in hosts)

    @field_validator("discord_api_url")
    @classmethod
    def _validate_api_url(cls, url: str) -> str:
        if not parse_endpoint(url).partition("://")[2].partition("/")[2]:
            raise ValueError("it has no path. Write the version, too, as in https://discord.com/api/v10")
        if url.endswith("/"):
            raise ValueError("it ends with a slash. Remove that")
        return url
