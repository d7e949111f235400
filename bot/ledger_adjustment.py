"""`python -m bot ledger adjust`: gives a member more of their budgets, or less, for the operator."""

# ruff: noqa: T201 - the answers of a command line

import sys
from dataclasses import dataclass

from bot.domain.audit import OPERATOR_ID, AuditAction
from bot.domain.budgets import BudgetUnit, Spender, format_grant_terms
from bot.settings import Settings
from bot.storage.audit_log import SqlAuditLog
from bot.storage.budgets import SqlBudgetStore
from bot.storage.session import Database
from shared.i18n.messages import DEFAULT_LANGUAGE, load_messages
from shared.problems import RejectedError


@dataclass(frozen=True)
class Adjustment:
    """A change of a member's budgets in a guild, in `unit`s: millionths of a dollar, or pictures."""

    guild_id: int
    user_id: int
    unit: BudgetUnit
    amount: int
    reason: str


async def adjust_ledger(settings: Settings, adjustment: Adjustment) -> int:
    """Add an adjustment to the ledger, and a line to the audit log of the server.

    Returns 0, or 1 without a usable database.
    """
    a = adjustment
    database = Database(settings.database_url.get_secret_value())
    try:
        count = await SqlBudgetStore(database).adjust(Spender(a.user_id, a.guild_id, 0), a.unit, a.amount, a.reason)
        terms = format_grant_terms(a.unit, a.amount, a.reason)
        await SqlAuditLog(database).add_entry(a.guild_id, OPERATOR_ID, AuditAction.GRANT, a.user_id, terms)
    except RejectedError:
        print(
            "The database cannot be used. Check DATABASE_URL, and start the bot once, which prepares it.",
            file=sys.stderr,
        )
        return 1
    finally:
        await database.close()
    amount = load_messages(DEFAULT_LANGUAGE).format_amount(f"{a.unit} {abs(a.amount)}")
    change = "more" if a.amount >= 0 else "less"
    print(f"Member {a.user_id} of server {a.guild_id} has {amount} {change}, until their budgets start again.")
    if not count:
        print("It changes nothing now: the server has no budget in this unit for them or for a role.")
    return 0
