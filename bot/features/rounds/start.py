"""`/round start`: a private panel with the choices of a host, and the start of the contest in a thread or a post."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakValueDictionary

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, JOB_ID_LENGTH, LABEL_LIMIT
from bot.domain.durations import parse_duration
from bot.domain.round_phases import start_contest
from bot.domain.rounds import (
    MAX_PHASE_SECONDS,
    MAX_ROUNDS,
    MIN_PHASE_SECONDS,
    Contest,
    ContestFormat,
    ContestSettings,
    Payer,
)
from bot.features.rounds.choices import (
    DEFAULT_MAX_ENTRIES,
    DEFAULT_RELAY_COST,
    apply_choice,
    apply_models,
    list_option_fields,
)
from bot.features.rounds.custom_ids import ContestSettingId, FixedOptionsFormId, FixedOptionsId, StartContestId
from bot.features.rounds.drafts import ContestDrafts, starts_from_picture
from bot.features.rounds.forum_place import apply_forum, delete_surplus_post, open_contest_post, require_forum
from bot.features.rounds.place import open_contest_thread, require_place
from bot.features.rounds.start_view import THEME_LIMIT, build_options_form, build_started_view, format_duration
from bot.interactions.components import get_selected_value, get_selected_values, parse_selected_number
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, get_public_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.responses import RenderedMessage, open_modal, respond_with, update_message
from bot.interactions.usage import may_moderate
from bot.rendering.labels import format_picture_label
from bot.results.newest import NewestResultFinder
from bot.rounds.pictures import RoundPictures
from bot.storage.round_stores import RoundStores
from bot.submission.images import ImageFetcher
from shared.problems import RejectedError, make_problem

MAX_OPEN_CONTESTS: Final = 3
"""Of one host in a server at the same time."""

_OFFERED_MINUTES: Final = (5, 10, 15, 30, 60, 120, 360, 720, 1440, 2880, 4320, 10080)

Theme = app_commands.Range[str, 1, THEME_LIMIT]
Duration = app_commands.Range[str, 1, 20]


@dataclass(frozen=True)
class StartCommand:
    """Starts contests of members who may open threads, or posts in a forum.

    `clock` gives Unix seconds. `locks` let one press at a time start a contest.
    """

    stores: RoundStores
    contest_drafts: ContestDrafts
    newest_results: NewestResultFinder
    image_fetcher: ImageFetcher
    pictures: RoundPictures
    clock: Callable[[], float] = time.time
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def show_panel(
        self,
        interaction: discord.Interaction,
        theme: Theme,
        rounds: app_commands.Range[int, 1, MAX_ROUNDS] = 1,
        image: discord.Attachment | None = None,
        source: app_commands.Range[str, 1, JOB_ID_LENGTH] | None = None,
        format: str = ContestFormat.OPEN_CALL,  # noqa: A002 - the name of the option
        entering: Duration = "30m",
        voting: Duration = "10m",
        turn: Duration = "5m",
    ) -> None:
        """Show the panel, in which the rest is chosen."""
        settings = ContestSettings(
            theme.strip() or theme,
            ContestFormat(format),
            rounds=rounds,
            entry_seconds=read_duration(entering, "entering"),
            vote_seconds=read_duration(voting, "voting"),
            turn_seconds=read_duration(turn, "turn"),
            max_entries=DEFAULT_MAX_ENTRIES,
        )
        if settings.is_relay:
            settings = replace(settings, max_entries=None, max_cost=DEFAULT_RELAY_COST)

        async def render() -> RenderedMessage:
            require_place(interaction)
            draft = await self.contest_drafts.build_draft(interaction, settings, image, source)
            return await self.contest_drafts.save_and_render(interaction, str(interaction.id), draft)

        await respond_with(interaction, render)

    async def change_setting(self, interaction: discord.Interaction, custom_id: ContestSettingId) -> None:
        """Keep the choice of a select, and show the sum that follows from it."""
        value = get_selected_value(interaction)

        def apply(settings: ContestSettings) -> ContestSettings | None:
            match custom_id.field:
                case "models":
                    offered = get_offered_catalogue(interaction, self.contest_drafts.validator.catalogue)
                    return apply_models(settings, get_selected_values(interaction), offered)
                case "role":
                    return replace(settings, entrant_role_id=_find_role_id(interaction, value))
                case "forum":
                    return apply_forum(interaction, settings, value)
                case field:
                    return apply_choice(settings, field, value)

        await self._change_settings(interaction, custom_id.draft_id, apply)

    async def open_options(self, interaction: discord.Interaction, custom_id: FixedOptionsId) -> None:
        """Open the form of the options that every entry has."""
        async with limit_lookup_time(interaction):
            draft, settings = await self.contest_drafts.load_draft(interaction, custom_id.draft_id)
        models = self.contest_drafts.list_models(interaction, draft, settings)
        messages = get_localized_messages(interaction)
        form = build_options_form(custom_id.draft_id, settings, models, messages, has_source=starts_from_picture(draft))
        await open_modal(interaction, form)

    async def save_options(self, interaction: discord.Interaction, custom_id: FixedOptionsFormId) -> None:
        """Keep the options of the form, if entries with them are possible."""
        fields = read_modal_fields(interaction)

        async def save_and_render() -> RenderedMessage:
            draft, settings = await self.contest_drafts.load_draft(interaction, custom_id.draft_id)
            names = list_option_fields(settings, has_source=starts_from_picture(draft))
            texts = {name: fields.get_text(name) for name in names}
            changed = replace(settings, options={name: text for name, text in texts.items() if text})
            self.contest_drafts.require_valid_options(interaction, draft, changed)
            return await self.contest_drafts.save_and_render(
                interaction, custom_id.draft_id, replace(draft, contest=changed)
            )

        await update_message(interaction, save_and_render)

    async def start(self, interaction: discord.Interaction, custom_id: StartContestId) -> None:
        """Open the thread or post and start the contest, once, however often the button is pressed."""

        async def start_and_render() -> RenderedMessage:
            async with self.locks.setdefault(custom_id.draft_id, asyncio.Lock()):
                contest = await self._start(interaction, custom_id.draft_id)
            return RenderedMessage(build_started_view(contest, get_localized_messages(interaction)))

        await update_message(interaction, start_and_render)

    async def autocomplete_duration(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the duration that was typed, or usual ones."""
        messages = get_localized_messages(interaction)
        typed = parse_duration(current)
        offered = [60 * minutes for minutes in _OFFERED_MINUTES] if not current.strip() else [typed] if typed else []
        return [
            Choice(name=format_duration(seconds, messages), value=f"{seconds // 60}m")
            for seconds in offered
            if MIN_PHASE_SECONDS <= seconds <= MAX_PHASE_SECONDS
        ]

    async def autocomplete_source(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the user's own newest results."""
        messages = get_localized_messages(interaction)
        try:
            async with limit_lookup_time(interaction):
                records = await self.newest_results.list_own_results(interaction, 2 * CHOICES_LIMIT)
        except RejectedError:
            return []
        labels = {r.job.id: format_picture_label(r.job, r.seed, messages)[:LABEL_LIMIT] for r in records}
        found = [
            Choice(name=label, value=job_id)
            for job_id, label in labels.items()
            if current.strip().casefold() in f"{label}\n{job_id}".casefold()
        ]
        return found[:CHOICES_LIMIT]

    async def _change_settings(
        self,
        interaction: discord.Interaction,
        draft_id: str,
        apply: Callable[[ContestSettings], ContestSettings | None],
    ) -> None:
        async def save_and_render() -> RenderedMessage:
            draft, settings = await self.contest_drafts.load_draft(interaction, draft_id)
            changed = apply(settings)
            if changed is None:
                raise RejectedError(make_problem("draft_expired"))
            _require_payable(interaction, changed)
            return await self.contest_drafts.save_and_render(interaction, draft_id, replace(draft, contest=changed))

        await update_message(interaction, save_and_render)

    async def _start(self, interaction: discord.Interaction, contest_id: str) -> Contest:
        """Start the contest of a draft, whose id it gets, so that it is started once."""
        started = await self.stores.contests.find_contest(contest_id)
        if started is not None and started.host_id == interaction.user.id:
            return started
        draft, settings = await self.contest_drafts.load_draft(interaction, contest_id)
        forum = None if settings.forum_id is None else require_forum(interaction, settings.forum_id)
        if forum is None:
            require_place(interaction)
        _require_payable(interaction, settings)
        await self._require_few_contests(interaction)
        settings = replace(settings, max_cost=self.contest_drafts.compute_max_cost(interaction, draft, settings))
        if draft.parent_id is not None:
            await self.contest_drafts.reuse_rule.require_permission(interaction, [draft.source_owner_id])
            if await self.pictures.load_entry(interaction.client, draft.parent_id) is None:
                raise RejectedError(make_problem("result_gone"))
        image = next(iter(draft.images), None)
        async with self.image_fetcher.hold_image(contest_id, image, interaction.filesize_limit) as upload:
            public = get_public_messages(interaction)
            place = await (
                open_contest_thread(interaction, self.stores, contest_id, settings, public)
                if forum is None
                else open_contest_post(interaction, forum, contest_id, settings, public)
            )
            now = self.clock()
            contest = Contest(
                id=contest_id,
                guild_id=interaction.guild_id or 0,
                channel_id=place.channel_id,
                thread_id=place.thread_id,
                host_id=interaction.user.id,
                locale=public.language,
                settings=settings,
                created_at=now,
                round_started_at=now,
                source_job_id=draft.parent_id,
                source_sha256=upload.sha256 if upload else None,
            )
            is_new = await self.stores.contests.add_contest(start_contest(contest), upload)
        stored = None if is_new else await self.stores.contests.find_contest(contest_id)
        if stored is None:
            return contest
        if forum is not None and stored.thread_id != place.thread_id:
            await delete_surplus_post(interaction, place)
        return stored

    async def _require_few_contests(self, interaction: discord.Interaction) -> None:
        contests = await self.stores.contests.list_contests(interaction.guild_id or 0, 1000, is_open=True)
        own = sum(contest.host_id == interaction.user.id for contest in contests)
        if own >= MAX_OPEN_CONTESTS and not may_moderate(interaction.permissions):
            raise RejectedError(make_problem("round_too_many_open", limit=MAX_OPEN_CONTESTS))


def read_duration(text: str, field: str) -> int:
    """Read the duration of a phase in seconds. Raises `RejectedError` (round_duration)."""
    seconds = parse_duration(text)
    if seconds is None or not MIN_PHASE_SECONDS <= seconds <= MAX_PHASE_SECONDS:
        raise RejectedError(make_problem("round_duration", field=field, value=text))
    return seconds


def _find_role_id(interaction: discord.Interaction, value: str) -> int | None:
    """Find the role that was selected; None for none, and for that of everybody."""
    role = None if interaction.guild is None else interaction.guild.get_role(parse_selected_number(value))
    return None if role is None or role.is_default() else role.id


def _require_payable(interaction: discord.Interaction, settings: ContestSettings) -> None:
    """Raise `RejectedError` (round_payer_not_allowed) if others pay for a member who is no moderator."""
    if settings.payer is Payer.SERVER and not may_moderate(interaction.permissions):
        raise RejectedError(make_problem("round_payer_not_allowed"))
