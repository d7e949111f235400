"""The actions of hosts and moderators: extend, close, cancel, disqualify, decide ties. Each is in the audit log."""

import logging
from dataclasses import dataclass
from functools import partial

import discord
from discord import app_commands

from bot.domain.audit import AuditAction
from bot.domain.round_changes import close_phase, decide_tie, disqualify_entry, end_contest, extend_phase
from bot.domain.rounds import Contest, EndReason, EntryState
from bot.features.rounds.access import (
    find_contest_here,
    is_contest_moderator,
    require_host_or_moderator,
    resolve_contest,
)
from bot.features.rounds.start import Duration, read_duration
from bot.interactions.audit import record_action
from bot.interactions.components import get_selected_value, parse_selected_number
from bot.interactions.locale import get_localized_messages
from bot.interactions.reason_form import REASON_LIMIT
from bot.interactions.responses import run_and_report
from bot.rounds.custom_ids import DecideTieId
from bot.rounds.message_editor import RoundMessageEditor
from bot.rounds.texts import format_time
from bot.storage.audit_log import SqlAuditLog
from bot.storage.round_stores import RoundStores
from bot.storage.rounds import ContestChange
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

MAX_ENTRY_NUMBER = 1000

ContestOption = app_commands.Range[str, 1, 20]
Reason = app_commands.Range[str, 1, REASON_LIMIT]
EntryNumber = app_commands.Range[int, 1, MAX_ENTRY_NUMBER]


@dataclass(frozen=True)
class HostCommands:
    """For the host of a contest, and for moderators of its channel. Rights are checked at each use."""

    stores: RoundStores
    editor: RoundMessageEditor
    audit_log: SqlAuditLog

    async def extend(
        self, interaction: discord.Interaction, by: Duration, contest: ContestOption | None = None
    ) -> None:
        """Give the present phase more time."""
        seconds = read_duration(by, "by")

        async def run() -> str:
            changed = await self._change(
                interaction, contest, partial(extend_phase, seconds), AuditAction.EXTEND_ROUND, by
            )
            await self.editor.redraw_phase(interaction.client, changed)
            deadline = format_time(changed.deadline or 0)
            return get_localized_messages(interaction).text("round.extended", deadline=deadline)

        await run_and_report(interaction, run)

    async def close(self, interaction: discord.Interaction, contest: ContestOption | None = None) -> None:
        """End the present phase now."""

        async def run() -> str:
            await self._change(interaction, contest, close_phase, AuditAction.CLOSE_ROUND)
            return get_localized_messages(interaction).text("round.closed")

        await run_and_report(interaction, run)

    async def cancel(
        self, interaction: discord.Interaction, reason: Reason, contest: ContestOption | None = None
    ) -> None:
        """End the contest; requests that have not started are cancelled, and their reservations released."""

        async def run() -> str:
            change = partial(end_contest, EndReason.CANCELLED)
            cancelled = await self._change(interaction, contest, change, AuditAction.CANCEL_CONTEST, reason)
            log.info("contest %s: cancelled by %s", cancelled.id, interaction.user.id)
            return get_localized_messages(interaction).text("round.cancelled")

        await run_and_report(interaction, run)

    async def disqualify(
        self,
        interaction: discord.Interaction,
        number: EntryNumber,
        reason: Reason,
        contest: ContestOption | None = None,
    ) -> None:
        """Take an entry of this round, by its number, out of the contest."""

        async def run() -> str:
            found = await resolve_contest(self.stores, interaction, contest, is_open=True)
            require_host_or_moderator(interaction, found)
            entries = await self.stores.contests.list_entries(found.id, round_number=found.round_number)
            entry = next(
                (one for one in entries if (one.number, one.state) == (number, EntryState.ENTERED)),
                None,
            )
            if entry is None:
                raise RejectedError(make_problem("round_entry_unknown"))
            change = partial(disqualify_entry, entry.job_id, reason)
            changed = await self.stores.contests.change_contest(found.id, change)
            await record_action(
                interaction,
                self.audit_log,
                AuditAction.DISQUALIFY_ENTRY,
                changed.channel_id,
                f"{number}: {reason}"[:REASON_LIMIT],
            )
            await self.editor.redraw_entry(interaction.client, changed, entry)
            return get_localized_messages(interaction).text("round.disqualified", number=number)

        await run_and_report(interaction, run)

    async def decide(self, interaction: discord.Interaction, custom_id: DecideTieId) -> None:
        """Let an entry win a tie, for a moderator."""
        number = parse_selected_number(get_selected_value(interaction))

        async def run() -> str:
            contest = await find_contest_here(self.stores, interaction, custom_id.contest_id)
            if not is_contest_moderator(interaction, contest):
                raise RejectedError(make_problem("round_not_moderator"))
            if contest.round_number != custom_id.round_number:
                raise RejectedError(make_problem("round_phase_over"))
            await self.stores.contests.change_contest(contest.id, partial(decide_tie, number))
            await record_action(interaction, self.audit_log, AuditAction.DECIDE_TIE, contest.channel_id, f"{number}")
            return get_localized_messages(interaction).text("round.decided", number=number)

        await run_and_report(interaction, run)

    async def _change(
        self,
        interaction: discord.Interaction,
        contest_id: str | None,
        change: ContestChange,
        action: AuditAction,
        reason: str = "",
    ) -> Contest:
        """Change an open contest of which the user is the host or a moderator, and write it down."""
        contest = await resolve_contest(self.stores, interaction, contest_id, is_open=True)
        require_host_or_moderator(interaction, contest)
        changed = await self.stores.contests.change_contest(contest.id, change)
        await record_action(interaction, self.audit_log, action, contest.channel_id, reason)
        return changed
