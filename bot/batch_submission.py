"""Sending a batch in on the command line: checked as the batch of a member is, on the account of the operator."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import aiohttp
import discord

from bot.batches.drafting import PreparedBatch, SentBatch
from bot.batches.reading.values import SentFile
from bot.batches.row_requests import RequestContext
from bot.domain.audit import OPERATOR_ID
from bot.domain.batch_previews import RejectedRow
from bot.domain.batches import Batch, BatchPlace, BatchState, Brief
from bot.domain.budgets import Spender
from bot.domain.teams import Team, find_team
from bot.domain.usage import Usage
from bot.interactions.access import find_channel_problem
from bot.interactions.usage import get_parent_id
from bot.services import Services
from bot.settings import Settings
from bot.submission.rules import find_queue_problem
from shared.errors import PentimentoError
from shared.i18n.messages import DEFAULT_LANGUAGE, describe_problem, load_messages
from shared.job import Priority, Requester, make_retry_id
from shared.problems import RejectedError, make_problem

SECONDS_PER_DAY: Final = 86400.0
_RANDOM_BITS: Final = 22


class RejectedRowsError(PentimentoError):
    """Rows are wrong, and nothing was sent in."""

    def __init__(self, rows: Sequence[RejectedRow], right_count: int) -> None:
        lines = list_row_problems(rows)
        advice = f"Correct them, or start the rest (pictures: {right_count}) with --skip-wrong-rows."
        super().__init__("\n".join([*lines, f"Wrong rows: {len(rows)}. Nothing was sent in. {advice}"]))


@dataclass(frozen=True)
class BatchSubmission:
    """All that the command line says of a batch."""

    files: Sequence[Path]
    guild_id: int
    channel_id: int
    team_name: str | None = None
    template: str = ""
    title: str = ""
    priority: Priority | None = None
    skips_wrong_rows: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True)
class SubmittedBatch:
    """A batch that was sent in, now or before, and sentences about it."""

    batch: Batch
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class _Channel:
    id: int
    parent_id: int | None
    is_age_restricted: bool


@dataclass(frozen=True)
class OperatorBatches:
    """Sends batches in. `clock` gives Unix seconds, `rng` draws the ends of ids."""

    services: Services
    settings: Settings
    clock: Callable[[], float] = time.time
    rng: random.Random = field(default_factory=random.SystemRandom)

    async def submit(self, submission: BatchSubmission) -> SubmittedBatch:
        """Send a batch in and start it, or let it wait for an approval; once for each idempotency key.

        Raises `RejectedRowsError` and `RejectedError`; then nothing is stored.
        """
        store, key = self.services.batches, submission.idempotency_key
        known = None if key is None else await store.find_batch_by_key(key)
        if known is not None and known.state is not BatchState.DRAFT:
            return SubmittedBatch(known, (f"A batch with the key {key!r} was sent in before; this is it.",))
        if known is not None:  # it was interrupted before it was started
            await store.delete_draft(known.id)
        team = await self._find_team(submission)
        usage = replace(await self._build_usage(submission), team=team)
        context = RequestContext(usage, () if team is None else (team.defaults,))
        batch = self._build_batch(submission, usage, team)
        sent = SentBatch(
            [SentFile(path.name, path) for path in submission.files], submission.template, submission.title
        )
        prepared = await self.services.batch_drafter.prepare(batch.id, sent, context)
        if prepared.rejected and not (submission.skips_wrong_rows and prepared.items):
            raise RejectedRowsError(prepared.rejected, len(prepared.items))
        if not prepared.items:
            raise RejectedError(make_problem("batch_nothing_right"))
        if not await self.services.batch_drafter.add_draft(batch, sent, prepared, load_messages(DEFAULT_LANGUAGE)):
            found = None if key is None else await store.find_batch_by_key(key)
            if found is not None:  # somebody else has sent it in at this moment
                return SubmittedBatch(found)
        return await self._start(batch, prepared, team)

    async def _start(self, batch: Batch, prepared: PreparedBatch, team: Team | None) -> SubmittedBatch:
        store = self.services.batches
        warnings = list_row_problems(prepared.rejected)
        price = sum(item.price for item in await store.list_items(batch.id))
        if team is not None and team.needs_approval(price):
            seconds = self.settings.batch_approval_days * SECONDS_PER_DAY
            waiting = await store.request_approval(batch.id, seconds=seconds)
            return SubmittedBatch(waiting, (*warnings, "It waits for an approval: the bot asks in the channel."))
        try:
            return SubmittedBatch(await store.start(batch.id), warnings)
        except RejectedError:
            await store.delete_draft(batch.id)
            raise

    async def _find_team(self, submission: BatchSubmission) -> Team | None:
        """Find the team by its name or the id of its role. Raises `RejectedError` (team_unknown)."""
        if submission.team_name is None:
            return None
        team = find_team(await self.services.teams.list_teams(submission.guild_id), submission.team_name)
        if team is None:
            raise RejectedError(make_problem("team_unknown"))
        return team

    async def _build_usage(self, submission: BatchSubmission) -> Usage:
        """Build the use of the bot, by nobody with rights, so that all rules of the server hold.

        Raises `RejectedError`: batch_channel_unknown, server_not_served, channel_not_allowed, queue_draining.
        """
        if not self.services.access_rule.is_served(submission.guild_id):
            raise RejectedError(make_problem("server_not_served"))
        channel = await self._fetch_channel(submission)
        settings = await self.services.guild_settings.load_settings(submission.guild_id)
        usage = Usage(
            OPERATOR_ID,
            submission.guild_id,
            channel.parent_id or channel.id,
            settings,
            is_age_restricted=channel.is_age_restricted,
        )
        problem = find_channel_problem(usage) or find_queue_problem(usage)
        if problem is not None:
            raise RejectedError(problem)
        return usage

    async def _fetch_channel(self, submission: BatchSubmission) -> _Channel:
        """Ask Discord for the channel. Raises `RejectedError` (batch_channel_unknown, discord_unavailable)."""
        proxy = self.settings.proxies.choose_proxy(self.settings.discord_api_url)
        try:
            async with discord.Client(intents=discord.Intents.none(), proxy=proxy) as client:
                await client.login(self.settings.discord_token.get_secret_value())
                channel = await client.fetch_channel(submission.channel_id)
        except (discord.NotFound, discord.Forbidden, discord.InvalidData) as error:
            raise RejectedError(make_problem("batch_channel_unknown")) from error
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise RejectedError(make_problem("discord_unavailable")) from error
        guild = getattr(channel, "guild", None)
        if guild is None or guild.id != submission.guild_id:
            raise RejectedError(make_problem("batch_channel_unknown"))
        is_age_restricted = bool(getattr(channel, "nsfw", False))
        return _Channel(channel.id, get_parent_id(channel), is_age_restricted)

    def _build_batch(self, submission: BatchSubmission, usage: Usage, team: Team | None) -> Batch:
        now = self.clock()
        preferred = Priority.NORMAL if team is None else team.priority
        spender = Spender(
            OPERATOR_ID, submission.guild_id, usage.channel_id, team_id=None if team is None else team.role_id
        )
        return Batch(
            id=make_retry_id(now, self.rng.getrandbits(_RANDOM_BITS)),
            requester=Requester(id=OPERATOR_ID, name="operator"),
            spender=spender,
            place=BatchPlace(submission.guild_id, submission.channel_id),
            brief=Brief(submission.title),
            state=BatchState.DRAFT,
            created_at=now,
            team=None if team is None else team.ref,
            priority=submission.priority or preferred,
            idempotency_key=submission.idempotency_key,
        )


def list_row_problems(rows: Sequence[RejectedRow]) -> list[str]:
    """Write a line for each problem of each row."""
    return [f"Row {row.number}: {describe_problem(problem)}" for row in rows for problem in row.problems]
