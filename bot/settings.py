"""What an operator can set, each with a word on where its value comes from."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment and, below it, from `.env`; an empty variable counts as absent."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    discord_token: SecretStr = Field(
        description="The bot's token, from Discord's developer portal: your application, Bot, Reset Token."
    )
    discord_api_url: str = Field(
        "https://discord.com/api/v10",
        pattern=r"^https?://[^\s/]+/\S*[^\s/]$",
        description="Discord's REST address; another one only for a stand-in.",
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="The Redis that bot and workers share, from whoever runs it: redis://, rediss:// or unix://.",
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///pentimento.db"),
        description="The database of all requests and outcomes: sqlite:///a-file.db, or "
        "postgresql://user:password@host/name from whoever runs the server.",
    )
    reconcile_interval_seconds: float = Field(
        60, ge=1, description="How often requests that the queue lost are looked for, in seconds: your choice."
    )
    image_retention_days: float = Field(
        30,
        ge=0,
        description="How many days the picture that a request started from is kept for the buttons under its results, "
        "and one that could be posted nowhere for /show, 0 for not at all: your choice.",
    )
    catalogue_file: Path | None = Field(
        None, description="A TOML file of your own, laid over shared/catalogue.toml: prices, regions, models on offer."
    )
    attachment_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        ("cdn.discordapp.com", "media.discordapp.net"),
        description="The hosts that pictures may come from, with commas in between: Discord's file servers.",
    )
    attachment_max_bytes: int = Field(
        25 * 1024 * 1024, ge=1, description="The largest picture taken, in bytes; Discord's own limit may be lower."
    )
    extras_allowed_users: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(),
        description="The ids of those who may send extras, with commas in between: in Discord, with developer mode on, "
        "right-click a person, Copy User ID. Nobody by default.",
    )
    max_waiting_per_user: int = Field(20, ge=1, description="How many requests of one person may wait: your choice.")
    max_running_per_user: int = Field(2, ge=1, description="How many of one person's are made at once: your choice.")
    max_waiting_per_channel: int = Field(
        200, ge=0, description="How many requests of one channel may wait or run, 0 for any number: your choice."
    )
    max_running_per_channel: int = Field(
        0, ge=0, description="How many of one channel's are made at once, 0 for any number: your choice."
    )
    max_waiting_per_guild: int = Field(
        500, ge=0, description="How many requests of one server may wait or run, 0 for any number: your choice."
    )
    max_running_per_guild: int = Field(
        0, ge=0, description="How many of one server's are made at once, 0 for any number: your choice."
    )
    max_per_minute_per_user: int = Field(
        30, ge=0, description="How many requests of one person are taken on in a minute, 0 for any number: your choice."
    )
    max_per_minute_per_channel: int = Field(
        120,
        ge=0,
        description="How many requests of one channel are taken on in a minute, 0 for any number: your choice.",
    )
    max_per_minute_per_guild: int = Field(
        300,
        ge=0,
        description="How many requests of one server are taken on in a minute, 0 for any number: your choice.",
    )
    redis_max_memory_ratio: float = Field(
        0.8, gt=0, le=1, description="The part of Redis's maxmemory above which new requests are refused: your choice."
    )
    heartbeat_file: Path | None = Field(
        None, description="A file touched every few seconds while all is well, for a container's health check."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged: your choice."
    )

    @field_validator("attachment_hosts", "extras_allowed_users", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("attachment_hosts")
    @classmethod
    def _lowercase_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower() for host in hosts)

    @field_validator("catalogue_file")
    @classmethod
    def _require_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path
