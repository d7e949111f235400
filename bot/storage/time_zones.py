"""The budgets of a guild whose time zone changes: their days begin at another hour, also the present one.

Counters are kept for the days of one zone. A change deletes those of the guild, so that each is read from the ledger
when it is needed next, over the period that the new zone makes of it: nothing that was spent since that began is lost,
and nothing is granted again by changing the zone back and forth. Open reservations name the counters that they will
change; they then name those of the new zone.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Connection, bindparam, delete, or_

from bot.domain.budgets import Budget, parse_counter_key
from bot.storage.budget_counters import list_guild_budgets
from bot.storage.ledger import SELECT_OPEN_RESERVATIONS, lock_ledger, parse_counters, set_counters
from bot.storage.tables import budget_counters, ledger_entries

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_COUNTED_RESERVATIONS: Final = SELECT_OPEN_RESERVATIONS.where(
    ledger_entries.c.guild_id == _GUILD_ID, ledger_entries.c.counters.is_not(None)
).order_by(ledger_entries.c.id)


def move_budgets(connection: Connection, guild_id: int, time_zone: ZoneInfo) -> None:
    """Let the budgets of a guild be counted in another time zone from now on, as a part of the transaction.

    The requests that are being accepted or given back meanwhile come before or after it.
    """
    lock_ledger(connection)
    moved = {budget.id: replace(budget, time_zone=time_zone) for budget in list_guild_budgets(connection, guild_id)}
    if not moved:
        return
    for row in connection.execute(_SELECT_COUNTED_RESERVATIONS, {_GUILD_ID.key: guild_id}).all():
        moment = datetime.fromtimestamp(row.counted_at, UTC)
        counters = {_move_key(key, moved, moment): unit for key, unit in parse_counters(row).items()}
        set_counters(connection, row, counters)
    is_of_guild = or_(
        *(
            budget_counters.c.key.startswith(f"{budget_id}{separator}", autoescape=True)
            for budget_id in moved
            for separator in ("/", ":")
        )
    )
    connection.execute(delete(budget_counters).where(is_of_guild))


def _move_key(key: str, budgets: Mapping[str, Budget], moment: datetime) -> str:
    """Return the key that this counter has in the time zone of these budgets; one of another budget stays."""
    budget_id, user_id = parse_counter_key(key)
    budget = budgets.get(budget_id)
    return key if budget is None else budget.build_counter_key(user_id, moment)
