"""Brings the galleries up to date, on the leading bot: posts results, edits their counts, takes them out.

The state of each result is a row, which is changed before and after each message, so that a bot that starts goes on
where another one stopped. What an earlier attempt may have posted is looked for first.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord

from bot.change_signal import ChangeSignal
from bot.delivery.discord_errors import get_retry_after
from bot.delivery.result_message import build_picture_file
from bot.discord_client.sharded_client import load_guild
from bot.domain.gallery import GalleryPost, GalleryPostState, GalleryReason, GallerySettings, Remover
from bot.domain.ports import GuildSettingsStore, JobHistory, PreferencesStore
from bot.domain.records import JobRecord
from bot.features.gallery.messages import PostTarget, delete_post, edit_post, find_post, is_gone, send_post
from bot.features.gallery.place import (
    GalleryChannel,
    find_gallery_channel,
    find_missing_permissions,
    find_result_refusal,
)
from bot.features.gallery.post_view import PostContent, build_post_view
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.periodic import run_on_changes
from bot.rendering.markdown import build_thread_name
from bot.results.images import ResultImageLoader
from bot.results.message_images import list_message_images
from bot.storage.credits import SqlCreditStore
from bot.storage.gallery import SqlGalleryStore
from shared.catalogue import Catalogue
from shared.errors import PentimentoError
from shared.i18n.messages import Messages, load_messages
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 2.0
MAX_POSTS_PER_GUILD: Final = 2
"""In a round, so one message a second: Discord accepts five in five seconds in a channel."""

MAX_POSTS_PER_ROUND: Final = 32
MAX_CONCURRENT_GUILDS: Final = 8

ATTEMPT_SECONDS: Final = 25.0
"""How long only one bot tries to post in a forum, longer than its call: posts there have no nonce."""

MIN_PAUSE_SECONDS: Final = 5.0
MAX_PAUSE_SECONDS: Final = 3600.0
_MAX_DOUBLINGS: Final = 12


class PostponedError(PentimentoError):
    """A result cannot be posted now, for a reason that may pass."""


@dataclass(frozen=True)
class GalleryPoster:
    """Posts, edits and deletes the messages of galleries."""

    client: discord.Client
    gallery: SqlGalleryStore
    credits: SqlCreditStore
    job_history: JobHistory
    image_loader: ResultImageLoader
    preferences: PreferencesStore
    guild_settings: GuildSettingsStore
    catalogue: Catalogue

    async def run(self, changes: ChangeSignal) -> None:
        """Bring the galleries up to date until cancelled, as soon as the client knows its servers."""
        await self.client.wait_until_ready()
        await run_on_changes(INTERVAL_SECONDS, self.update_galleries, changes, "updating the galleries")

    async def update_galleries(self) -> float:
        """Bring the results up to date that are due, several servers at once; return for how many seconds no more is.

        Raises `RejectedError`.
        """
        by_guild: dict[int, list[GalleryPost]] = defaultdict(list)
        due = await self.gallery.list_due_posts(MAX_POSTS_PER_ROUND, MAX_POSTS_PER_GUILD)
        for post in due:
            by_guild[post.guild_id].append(post)
        slots = asyncio.Semaphore(MAX_CONCURRENT_GUILDS)
        updates = (self._update_gallery(posts, slots) for posts in by_guild.values())
        for result in await asyncio.gather(*updates, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        return 0.0 if due else await self.gallery.compute_rest()

    async def _update_gallery(self, posts: Sequence[GalleryPost], slots: asyncio.Semaphore) -> None:
        """Bring results of one server up to date, one after the other; one that fails is looked at again later."""
        async with slots:
            for post in posts:
                try:
                    await self._update_post(post)
                except (discord.DiscordException, aiohttp.ClientError, OSError, PostponedError, RejectedError) as error:
                    pause = max(_get_pause(post), get_retry_after(error))
                    log.warning("gallery: job %s is looked at again in %.0f s (%r)", post.job_id, pause, error)
                    await self.gallery.postpone(post, pause)
                except Exception:
                    log.exception("gallery: job %s is looked at again later", post.job_id)
                    await self.gallery.postpone(post, _get_pause(post))

    async def _update_post(self, post: GalleryPost) -> None:
        await load_guild(self.client, post.guild_id)
        guild = self.client.get_guild(post.guild_id)
        if guild is None:
            raise PostponedError("the bot is not in its server")
        match post.state:
            case GalleryPostState.WAITING:
                await self._post_result(guild, post)
            case GalleryPostState.POSTED:
                await self._edit_message(guild, post)
            case GalleryPostState.REMOVING | GalleryPostState.REMOVED:
                await self._delete_message(guild, post)

    async def _post_result(self, guild: discord.Guild, post: GalleryPost) -> None:
        """Post a result that may enter, unless it was posted before; forget one that may not."""
        settings = await self.gallery.load_settings(guild.id)
        record = await self.job_history.find_job(post.job_id)
        if settings.channel_id is None or record is None or record.outcome_kind not in {None, "generated"}:
            await self.gallery.discard_post(post)
            return
        if record.is_open or (record.job.entry is not None and record.message is None):
            raise PostponedError("its result is not shown yet")
        channel = find_gallery_channel(guild, settings.channel_id)
        if channel is None:
            raise PostponedError("the channel of the gallery is gone")
        message_id = await self._find_message(guild, post)
        if message_id is not None:
            await self.gallery.mark_posted(post, message_id)
            return
        refusal = await find_result_refusal(channel, settings, self.preferences, post.reason, record)
        if refusal is None:
            await self._send_message(channel, settings, post, record)
        else:
            log.info("gallery: job %s may not enter (%s)", post.job_id, refusal)
            await self.gallery.discard_post(post)

    async def _send_message(
        self, channel: GalleryChannel, settings: GallerySettings, post: GalleryPost, record: JobRecord
    ) -> None:
        """Post a result: first its row says so, so that no other bot does, and a bot after this one looks for it."""
        missing = find_missing_permissions(channel)
        if missing:
            raise PostponedError(f"channel {channel.id} lacks {', '.join(missing)}")
        file = await self._load_file(channel.guild, record)
        if file is None:
            log.info("gallery: job %s has no picture any more", post.job_id)
            await self.gallery.discard_post(post)
            return
        lease_seconds = ATTEMPT_SECONDS if isinstance(channel, discord.ForumChannel) else 0.0
        begun = await self.gallery.begin_attempt(post, channel.id, lease_seconds)
        if begun is None:
            return
        messages = await self._load_messages(channel.guild)
        content = await self._build_content(post, settings, record, file.filename)
        view = build_post_view(content, self.catalogue.models.get(record.job.request.model), messages)
        tags = list(self._list_tags(record, post.reason, messages))
        title = build_thread_name(record.job.request)
        message_id = await send_post(channel, post.job_id, title, view, file, tags)
        await self.gallery.mark_posted(begun, message_id)

    async def _edit_message(self, guild: discord.Guild, post: GalleryPost) -> None:
        """Show the present count. A message that somebody deleted in Discord is out of the gallery."""
        record = await self.job_history.find_job(post.job_id)
        if record is None or post.channel_id is None or post.message_id is None:
            await self.gallery.mark_edited(post)  # another release wrote it, which this one cannot read
            return
        settings = await self.gallery.load_settings(guild.id)
        target = PostTarget(guild, post.channel_id, post.message_id)
        try:
            shown = await target.get_message(self.client).fetch()
            filename = next((image.filename for image in list_message_images(shown)), "")
            content = await self._build_content(post, settings, record, filename)
            model = self.catalogue.models.get(record.job.request.model)
            view = build_post_view(content, model, await self._load_messages(guild))
            await edit_post(self.client, target, view)
        except discord.HTTPException as error:
            if not is_gone(error):
                raise
            await self.gallery.mark_removed(post, Remover.MODERATOR)
        else:
            await self.gallery.mark_edited(post)

    async def _delete_message(self, guild: discord.Guild, post: GalleryPost) -> None:
        message_id = post.message_id or await self._find_message(guild, post)
        if message_id is not None and post.channel_id is not None:
            await delete_post(self.client, PostTarget(guild, post.channel_id, message_id))
        await self.gallery.mark_removed(post)

    async def _find_message(self, guild: discord.Guild, post: GalleryPost) -> int | None:
        """Find the message of an earlier attempt; None if there was none."""
        channel = find_gallery_channel(guild, post.channel_id)
        if post.attempted_at is None or channel is None:
            return None
        return await find_post(self.client, channel, post.job_id, post.attempted_at)

    async def _load_file(self, guild: discord.Guild, record: JobRecord) -> discord.File | None:
        """Load the picture, small enough to be uploaded; None if it is gone or cannot be uploaded."""
        image = await self.image_loader.load_image(self.client, record)
        if image is None:
            return None
        try:
            limit = min(guild.filesize_limit, MAX_REQUEST_BYTES)
            return await build_picture_file(record.job, record.seed, image, limit)
        except (ValueError, ImageRejectedError):
            log.warning("gallery: the picture of job %s cannot be uploaded", record.job.id, exc_info=True)
            return None

    async def _build_content(
        self, post: GalleryPost, settings: GallerySettings, record: JobRecord, filename: str
    ) -> PostContent:
        count = await self.gallery.count_favourites(post.job_id, counts_own_marks=settings.counts_own_marks)
        return PostContent(record, post.reason, count, await self.credits.list_source_authors(post.job_id), filename)

    async def _load_messages(self, guild: discord.Guild) -> Messages:
        language = (await self.guild_settings.load_settings(guild.id)).language
        return load_messages(language or str(guild.preferred_locale))

    def _list_tags(self, record: JobRecord, reason: GalleryReason, messages: Messages) -> list[str]:
        """List the names of the tags of a post in a forum: the model, the style, and whether it won a round."""
        request = record.job.request
        model, style = self.catalogue.models.get(request.model), request.style_preset
        return [
            *((model.name,) if model else ()),
            *((messages.get_choice_label("style_preset", style),) if style else ()),
            *((messages.text("gallery.tag_winner"),) if reason is GalleryReason.WINNER else ()),
        ]


def _get_pause(post: GalleryPost) -> float:
    """Return how many seconds to wait after another failure: twice as long each time, at most an hour."""
    return min(MIN_PAUSE_SECONDS * 2.0 ** min(post.failures, _MAX_DOUBLINGS), MAX_PAUSE_SECONDS)
