"""What the option `from` of `/imagine` means: a picture that stands in the thread already, or none."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord.app_commands import Choice

from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.i18n import Messages
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.rendering.labels import format_picture_label
from bot.results.lookup import ResultLookup, to_generation_settings
from shared.job import SourceKind
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

NO_SOURCE: Final = "none"
MAX_LISTED_RESULTS: Final = 22  # of the 25 choices that Discord shows, three are words
_VALUE_DISPLAY_LIMIT: Final = 100


@dataclass(frozen=True)
class SourceImage:
    """The picture to start from, the job that it belongs to, and which one it is."""

    picture: RemoteImage | StoredImage
    parent: str
    kind: SourceKind


@dataclass(frozen=True)
class SourceOption:
    """Finds pictures in the thread that a command is used in."""

    job_history: JobHistory
    result_lookup: ResultLookup

    async def find_source(self, interaction: discord.Interaction, text: str | None) -> SourceImage | None:
        """Find the picture meant: left out, the latest in a thread of ours, and none elsewhere.

        Raises `RejectedError`.
        """
        chosen = (text or "").strip().casefold() or (SourceKind.LATEST if _is_own_thread(interaction) else NO_SOURCE)
        if chosen == NO_SOURCE:
            return None
        async with limit_lookup_time(interaction):
            found = await self._find_chosen(interaction, chosen)
        if found is None and text is not None:
            raise RejectedError(make_problem("nothing_here", field="source"))
        return found

    async def autocomplete_source(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the words, and this thread's pictures with their prompts and seeds, newest first."""
        phrases, typed = get_localized_messages(interaction), current.strip().casefold()
        try:
            async with limit_lookup_time(interaction):
                pictures = await self.job_history.list_results(interaction.channel_id or 0, MAX_LISTED_RESULTS)
        except RejectedError:
            log.warning("the pictures of thread %s cannot be listed", interaction.channel_id, exc_info=True)
            pictures = []
        offered = [
            *_build_keyword_choices(phrases, has_results=bool(pictures)),
            *_build_result_choices(pictures, phrases),
        ]
        return [one for one in offered if typed in f"{one.name}\n{one.value}".casefold()]

    async def _find_chosen(self, interaction: discord.Interaction, choice: str) -> SourceImage | None:
        thread = interaction.channel_id or 0
        match choice:
            case SourceKind.LATEST:
                past = await self.job_history.find_latest_result(thread)
                return None if past is None else await self._fetch_result(interaction, past, SourceKind.LATEST)
            case SourceKind.ORIGINAL:
                past = await self.job_history.find_first_job(thread)
                if past is None:
                    return None
                original = await self.result_lookup.load_source_image(to_generation_settings(past))
                if original is not None:
                    return SourceImage(original, past.job.id, SourceKind.ORIGINAL)
                return await self._fetch_result(interaction, past, SourceKind.ORIGINAL)
            case _:
                past = await self.job_history.find_job(choice)
                if past is None or past.message is None or past.message.channel_id != thread:
                    raise RejectedError(
                        make_problem("source_unknown", field="source", value=choice[:_VALUE_DISPLAY_LIMIT])
                    )
                return await self._fetch_result(interaction, past, SourceKind.EARLIER)

    async def _fetch_result(
        self, interaction: discord.Interaction, record: JobRecord, source_kind: SourceKind
    ) -> SourceImage:
        return SourceImage(
            await self.result_lookup.find_result_image(interaction, record.job.id), record.job.id, source_kind
        )


def _is_own_thread(interaction: discord.Interaction) -> bool:
    """Tell whether this is a thread that the bot opened."""
    channel, me = interaction.channel, interaction.client.user
    return isinstance(channel, discord.Thread) and me is not None and channel.owner_id == me.id


def _build_keyword_choices(messages: Messages, *, has_results: bool) -> Iterator[Choice[str]]:
    for word in (SourceKind.LATEST, SourceKind.ORIGINAL, NO_SOURCE) if has_results else (NO_SOURCE,):
        yield Choice(name=messages.text(f"source.{word}"), value=str(word))


def _build_result_choices(pictures: Sequence[JobRecord], messages: Messages) -> Iterator[Choice[str]]:
    for past in pictures:
        yield Choice(name=format_picture_label(past.job, past.seed, messages), value=past.job.id)
