"""The settings of servers (guilds in code)."""

import json
import logging
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Row, bindparam, select

from bot.domain.guild_settings import ButtonPolicy, GuildSettings, QueueState, ResultPlace, WordPolicy
from bot.storage.saved_options import parse_saved_choice
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import guild_settings
from bot.storage.upsert import build_upsert
from shared.unreadable import UnreadableRowLog

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_SETTINGS: Final = select(guild_settings).where(guild_settings.c.guild_id == _GUILD_ID)
_SELECT_PAUSED: Final = select(guild_settings.c.guild_id).where(guild_settings.c.queue_state == QueueState.PAUSED)
_DEFAULTS: Final = GuildSettings()
_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))


class SqlGuildSettingsStore:
    """Stored settings. Every method raises `RejectedError` (database_unavailable)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_settings(self, guild_id: int) -> GuildSettings:
        """Load the settings of a server, or the defaults.

        A policy that this release does not know is taken for the strictest one.
        """
        with translate_database_errors():
            row = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_SETTINGS, {_GUILD_ID.key: guild_id}).one_or_none()
            )
        return _DEFAULTS if row is None else _parse_settings(row)

    async def save_changes(self, guild_id: int, old: GuildSettings, new: GuildSettings) -> None:
        """Store the settings that differ from the old ones; others may have been changed meanwhile by someone else."""
        old_columns, columns = _build_columns(old), _build_columns(new)
        changes = {name: value for name, value in columns.items() if value != old_columns[name]}
        row = {"guild_id": guild_id, "button_policy": new.button_policy, **changes}
        unchanged = () if "button_policy" in changes else ("button_policy",)
        if not changes:
            return
        async with begin_transaction(self._database) as connection:
            await connection.execute(
                build_upsert(
                    connection, guild_settings, row, conflict_columns=["guild_id"], unchanged_columns=unchanged
                )
            )

    async def list_paused_guilds(self) -> Sequence[int]:
        """List the ids of the servers whose queues are paused."""
        with translate_database_errors():
            return await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_PAUSED).scalars().all()
            )


def _parse_settings(row: Row[Any]) -> GuildSettings:
    name = f"the settings of guild {row.guild_id}"
    return GuildSettings(
        button_policy=parse_saved_choice(name, row.button_policy, _DEFAULTS.button_policy, unknown=ButtonPolicy.AUTHOR),
        result_place=parse_saved_choice(name, row.result_place, ResultPlace.PREVIEW, unknown=ResultPlace.PREVIEW),
        language=row.language,
        asks_price=bool(row.ask_price),
        queue_state=parse_saved_choice(name, row.queue_state, QueueState.OPEN, unknown=QueueState.OPEN),
        allowed_channel_ids=_parse_set(name, row.allowed_channel_ids, int),
        allowed_role_ids=_parse_set(name, row.allowed_role_ids, int),
        models=_parse_set(name, row.models, str),
        tasks=_parse_set(name, row.tasks, str),
        max_price=row.max_price,
        allows_private_results=row.allow_private is not False,
        word_policy=parse_saved_choice(name, row.word_policy, _DEFAULTS.word_policy, unknown=WordPolicy.REFUSE),
        default_preset=row.default_preset,
        time_zone=row.time_zone,
        log_channel_id=row.log_channel_id,
        notice_channel_id=row.notice_channel_id,
        mirrors_audit_log=bool(row.mirror_audit),
        retention_days=row.retention_days,
    )


def _build_columns(settings: GuildSettings) -> dict[str, Any]:
    return {
        "button_policy": settings.button_policy,
        "result_place": settings.result_place,
        "language": settings.language,
        "ask_price": settings.asks_price,
        "queue_state": settings.queue_state,
        "allowed_channel_ids": _format_set(settings.allowed_channel_ids),
        "allowed_role_ids": _format_set(settings.allowed_role_ids),
        "models": _format_set(settings.models),
        "tasks": _format_set(settings.tasks),
        "max_price": settings.max_price,
        "allow_private": settings.allows_private_results,
        "word_policy": settings.word_policy,
        "default_preset": settings.default_preset,
        "time_zone": settings.time_zone,
        "log_channel_id": settings.log_channel_id,
        "notice_channel_id": settings.notice_channel_id,
        "mirror_audit": settings.mirrors_audit_log,
        "retention_days": settings.retention_days,
    }


def _format_set(values: frozenset[Any]) -> str | None:
    return json.dumps(sorted(values)) if values else None


def _parse_set(row: str, text: str | None, item_type: type[Any]) -> frozenset[Any]:
    try:
        return frozenset(item_type(item) for item in json.loads(text or "[]"))
    except (ValueError, TypeError) as error:
        _unreadable_rows.report(row, error)
        return frozenset()
