"""The word lists of guilds.

A list is read from the database for each request that it decides about, so that a change holds at once in every process
of the bot; only compiled lists are kept in memory, by their content.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from bot.domain.audit import AuditAction
from bot.domain.word_rules import MAX_RULES, WordList, WordRule, compile_word_list
from bot.storage.audit_log import add_audit_entry
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import word_rules
from shared.problems import RejectedError, make_problem

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_RULES: Final = (
    select(word_rules.c.pattern, word_rules.c.folded_pattern)
    .where(word_rules.c.guild_id == _GUILD_ID)
    .order_by(word_rules.c.folded_pattern)
)
_COUNT_RULES: Final = select(func.count()).select_from(word_rules).where(word_rules.c.guild_id == _GUILD_ID)


@dataclass(frozen=True)
class SqlWordRuleStore:
    """Stored rules. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    database: Database
    clock: Callable[[], float] = time.time

    async def load_word_list(self, guild_id: int) -> WordList:
        """Load the compiled list of a guild."""
        return compile_word_list(tuple(await self.list_rules(guild_id)))

    async def list_rules(self, guild_id: int) -> Sequence[WordRule]:
        """List the rules of a guild in alphabetical order."""
        with translate_database_errors():
            rows = await self.database.run_transaction(
                lambda connection: connection.execute(_SELECT_RULES, {_GUILD_ID.key: guild_id}).all()
            )
        return [WordRule(row.pattern, row.folded_pattern) for row in rows]

    async def add_rule(self, guild_id: int, rule: WordRule, author_id: int) -> None:
        """Add a rule, and a line to the audit log.

        Raises `RejectedError`, too: word_rules_full, and word_rule_known for one that folds equally.
        """
        now = self.clock()
        row = {
            "guild_id": guild_id,
            "pattern": rule.pattern,
            "folded_pattern": rule.folded_pattern,
            "created_by": author_id,
            "created_at": now,
        }

        def insert_row(connection: Connection) -> None:
            if connection.execute(_COUNT_RULES, {_GUILD_ID.key: guild_id}).scalar_one() >= MAX_RULES:
                raise RejectedError(make_problem("word_rules_full", limit=MAX_RULES))
            connection.execute(insert(word_rules), row)
            add_audit_entry(connection, guild_id, author_id, AuditAction.ADD_WORD, None, rule.pattern, now)

        with translate_database_errors():
            try:
                await self.database.run_transaction(insert_row)
            except IntegrityError as error:
                raise RejectedError(make_problem("word_rule_known", pattern=rule.pattern)) from error

    async def remove_rule(self, guild_id: int, rule: WordRule, actor_id: int) -> bool:
        """Remove the rule that folds as this one, with a line in the audit log; False if there is none."""
        is_rule = (word_rules.c.guild_id == guild_id) & (word_rules.c.folded_pattern == rule.folded_pattern)

        def delete_row(connection: Connection) -> bool:
            if not connection.execute(delete(word_rules).where(is_rule)).rowcount:
                return False
            now, action = self.clock(), AuditAction.REMOVE_WORD
            add_audit_entry(connection, guild_id, actor_id, action, None, rule.pattern, now)
            return True

        with translate_database_errors():
            return await self.database.run_transaction(delete_row)
