"""The `source` option: a picture that is already in the thread, or none."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord.app_commands import Choice

from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.rendering.labels import format_picture_label
from bot.results.lookup import ResultLookup
from bot.results.reuse import ReuseRule
from shared.i18n.messages import Messages
from shared.job import SourceKind
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

NO_SOURCE: Final = "none"
MAX_LISTED_RESULTS: Final = 22  # Discord shows 25 choices, and three are keywords
_VALUE_DISPLAY_LIMIT: Final = 100


@dataclass(frozen=True)
class SourceImage:
    """A picture found in the thread, with the job it belongs to and its owner, if that is not the user."""

    image: RemoteImage | StoredImage
    parent_id: str
    kind: SourceKind
    owner_id: int | None = None
    is_spoiler: bool = False


@dataclass(frozen=True)
class SourceOption:
    """Finds pictures in the thread in which a command is used."""

    job_history: JobHistory
    result_lookup: ResultLookup
    reuse_rule: ReuseRule

    async def find_source(self, interaction: discord.Interaction, text: str | None) -> SourceImage | None:
        """Find the picture that was chosen. The default is the latest picture in a thread of the bot, else none.

        Raises `RejectedError` if there is no such picture, or if the user may not go on from it.
        """
        choice = (text or "").strip().casefold() or (SourceKind.LATEST if _is_own_thread(interaction) else NO_SOURCE)
        if choice == NO_SOURCE:
            return None
        async with limit_lookup_time(interaction):
            source = await self._find_chosen(interaction, choice)
        if source is None and text is not None:
            raise RejectedError(make_problem("thread_without_result", field="source"))
        return source

    async def autocomplete_source(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the keywords and the pictures of this thread, newest first."""
        messages, typed = get_localized_messages(interaction), current.strip().casefold()
        try:
            async with limit_lookup_time(interaction):
                results = await self.job_history.list_results(interaction.channel_id or 0, MAX_LISTED_RESULTS)
        except RejectedError:
            log.warning("the pictures of thread %s cannot be listed", interaction.channel_id, exc_info=True)
            results = []
        choices = [
            *_build_keyword_choices(messages, has_results=bool(results)),
            *_build_result_choices(results, messages),
        ]
        return [choice for choice in choices if typed in f"{choice.name}\n{choice.value}".casefold()]

    async def _find_chosen(self, interaction: discord.Interaction, choice: str) -> SourceImage | None:
        thread_id = interaction.channel_id or 0
        match choice:
            case SourceKind.LATEST:
                record = await self.job_history.find_latest_result(thread_id)
                return None if record is None else await self._find_result(interaction, record, SourceKind.LATEST)
            case SourceKind.ORIGINAL:
                record = await self.job_history.find_first_job(thread_id)
                if record is None:
                    return None
                original = await self.result_lookup.load_source_image(interaction, record.settings)
                return await self._find_result(interaction, record, SourceKind.ORIGINAL, original)
            case _:
                record = await self.job_history.find_job(choice)
                if record is None or record.message is None or record.message.channel_id != thread_id:
                    value = choice[:_VALUE_DISPLAY_LIMIT]
                    raise RejectedError(make_problem("source_unknown", field="source", value=value))
                return await self._find_result(interaction, record, SourceKind.EARLIER)

    async def _find_result(
        self,
        interaction: discord.Interaction,
        record: JobRecord,
        kind: SourceKind,
        original: StoredImage | None = None,
    ) -> SourceImage:
        """Find the picture of a result, unless the one that it started from is given."""
        job = record.job
        owner_ids = (job.requester.id,) if original is None else (job.requester.id, job.source_owner_id)
        owner_id = await self.reuse_rule.require_permission(interaction, owner_ids, job.origin)
        image = original or await self.result_lookup.find_result_image(interaction, job.id)
        return SourceImage(image, job.id, kind, owner_id, job.is_spoiler)


def _is_own_thread(interaction: discord.Interaction) -> bool:
    """Return whether this is a thread that the bot opened."""
    channel, me = interaction.channel, interaction.client.user
    return isinstance(channel, discord.Thread) and me is not None and channel.owner_id == me.id


def _build_keyword_choices(messages: Messages, *, has_results: bool) -> Iterator[Choice[str]]:
    for keyword in (SourceKind.LATEST, SourceKind.ORIGINAL, NO_SOURCE) if has_results else (NO_SOURCE,):
        yield Choice(name=messages.text(f"source.{keyword}"), value=str(keyword))


def _build_result_choices(records: Sequence[JobRecord], messages: Messages) -> Iterator[Choice[str]]:
    for record in records:
        yield Choice(name=format_picture_label(record.job, record.seed, messages), value=record.job.id)
