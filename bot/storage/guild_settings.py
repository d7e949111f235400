"""The settings of servers (guilds in code)."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, bindparam, select, update

from bot.domain.audit import AuditAction
from bot.domain.guild_settings import (
    ButtonPolicy,
    GuildQueueState,
    GuildSettings,
    ResultPlace,
    SettingChange,
    WordPolicy,
    list_changed_settings,
)
from bot.storage.audit_log import add_audit_entry, parse_change
from bot.storage.budget_counters import parse_time_zone
from bot.storage.saved_options import parse_saved_choice
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import audit_entries, guild_settings
from bot.storage.time_zones import move_budgets
from bot.storage.upsert import build_insert_unless_exists
from shared.problems import RejectedError, make_problem
from shared.unreadable import UnreadableRowLog

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_SETTINGS: Final = select(guild_settings).where(guild_settings.c.guild_id == _GUILD_ID)
_SELECT_PAUSED: Final = select(guild_settings.c.guild_id).where(guild_settings.c.queue_state == GuildQueueState.PAUSED)
_UPDATE_SETTINGS: Final = update(guild_settings).where(guild_settings.c.guild_id == _GUILD_ID)
_COLUMNS: Final = MappingProxyType(
    {"asks_price": "ask_price", "allows_private_results": "allow_private", "mirrors_audit_log": "mirror_audit"}
)
"""The columns of the settings that have another name."""
_DEFAULTS: Final = GuildSettings()
_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))


class SqlGuildSettingsStore:
    """Stored settings. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def load_settings(self, guild_id: int) -> GuildSettings:
        """Load the settings of a server, or the defaults.

        A policy that this release does not know is taken for the strictest one.
        """
        with translate_database_errors():
            row = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_SETTINGS, {_GUILD_ID.key: guild_id}).one_or_none()
            )
        return _DEFAULTS if row is None else _parse_settings(row)

    async def change_settings(
        self,
        guild_id: int,
        actor_id: int,
        old: GuildSettings,
        new: GuildSettings,
        *,
        action: AuditAction = AuditAction.CHANGE_SETTING,
        reason: str = "",
    ) -> Sequence[SettingChange]:
        """Store the settings that differ from the old ones, with a line in the audit log for each that changes.

        Others may have been changed by someone else meanwhile, and stay as they are.
        """

        def write(connection: Connection) -> list[SettingChange]:
            stored = _lock_settings(connection, guild_id)
            changes = {name: getattr(new, name) for name in list_changed_settings(old, new)}
            return [
                self._change_setting(
                    connection, (guild_id, actor_id, action, reason), name, getattr(stored, name), value
                )
                for name, value in changes.items()
                if getattr(stored, name) != value
            ]

        with translate_database_errors():
            return await self._database.run_transaction(write)

    async def undo_change(self, guild_id: int, actor_id: int, entry_id: int) -> SettingChange:
        """Undo a change of the audit log, as a change of its own.

        Raises `RejectedError` (setting_changed_since) if the setting was changed again since, and (change_unknown) if
        the log of this guild has no such change.
        """
        query = select(audit_entries).where(
            audit_entries.c.id == entry_id,
            audit_entries.c.guild_id == guild_id,
            audit_entries.c.action.in_((AuditAction.CHANGE_SETTING, AuditAction.UNDO_CHANGE)),
        )

        def write(connection: Connection) -> SettingChange:
            stored = _lock_settings(connection, guild_id)
            row = connection.execute(query).one_or_none()
            change = None if row is None else parse_change(row)
            if change is None:
                raise RejectedError(make_problem("change_unknown"))
            if getattr(stored, change.name) != change.new:
                raise RejectedError(make_problem("setting_changed_since"))
            line = (guild_id, actor_id, AuditAction.UNDO_CHANGE, "")
            return self._change_setting(connection, line, change.name, change.new, change.old)

        with translate_database_errors():
            return await self._database.run_transaction(write)

    async def list_paused_guilds(self) -> Sequence[int]:
        """List the ids of the servers whose queues are paused."""
        with translate_database_errors():
            return await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_PAUSED).scalars().all()
            )

    def _change_setting(
        self, connection: Connection, line: tuple[int, int, AuditAction, str], name: str, old: Any, new: Any
    ) -> SettingChange:
        """Store the new value of a setting and the line about it: whose guild, by whom, which action and why."""
        guild_id, actor_id, action, reason = line
        values = {_COLUMNS.get(name, name): _format_set(new) if isinstance(new, frozenset) else new}
        connection.execute(_UPDATE_SETTINGS.values(values), {_GUILD_ID.key: guild_id})
        if name == "time_zone":
            move_budgets(connection, guild_id, parse_time_zone(new))
        change = (name, old, new)
        entry_id = add_audit_entry(connection, guild_id, actor_id, action, None, reason, self._clock(), change=change)
        return SettingChange(entry_id, name, old, new)


def _lock_settings(connection: Connection, guild_id: int) -> GuildSettings:
    """Lock the settings of a guild until the transaction ends, and load them. SQLite is locked as a whole."""
    row = {"guild_id": guild_id, "button_policy": _DEFAULTS.button_policy}
    connection.execute(build_insert_unless_exists(connection, guild_settings, row))
    return _parse_settings(connection.execute(_SELECT_SETTINGS.with_for_update(), {_GUILD_ID.key: guild_id}).one())


def _parse_settings(row: Row[Any]) -> GuildSettings:
    name = f"the settings of guild {row.guild_id}"
    return GuildSettings(
        button_policy=parse_saved_choice(name, row.button_policy, _DEFAULTS.button_policy, unknown=ButtonPolicy.AUTHOR),
        result_place=parse_saved_choice(name, row.result_place, ResultPlace.PREVIEW, unknown=ResultPlace.PREVIEW),
        language=row.language,
        asks_price=bool(row.ask_price),
        queue_state=parse_saved_choice(name, row.queue_state, GuildQueueState.OPEN, unknown=GuildQueueState.OPEN),
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


def _format_set(values: frozenset[Any]) -> str | None:
    return json.dumps(sorted(values)) if values else None


def _parse_set(row: str, text: str | None, item_type: type[Any]) -> frozenset[Any]:
    try:
        return frozenset(item_type(item) for item in json.loads(text or "[]"))
    except (ValueError, TypeError) as error:
        _unreadable_rows.report(row, error)
        return frozenset()
