"""Taking on a request, whoever asks: a command, a button or a form.

What is wrong with the request is told before anything slow and before anything is queued. Then the interaction is
acknowledged in public, the job written down, its arrival said while the picture is fetched, the job queued, its thread
opened; `bot.status.status_messages` tells the rest. What is written down and never queued, because the bot died, is
`bot.recovery.reconciler`'s;
so no message says that a request arrived which nobody would remember.
"""

import asyncio
import hashlib
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Protocol

import aiohttp
import discord
from discord import ui

from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import JobQueue
from bot.interactions.components import build_cancel_view
from bot.interactions.locale import get_localized_messages, get_preferences, require_preferences
from bot.interactions.permissions import list_missing_permissions, may_open_thread
from bot.interactions.responses import defer, fetch_response_id, respond_with_problems, withdraw_and_explain
from bot.rendering.markdown import build_thread_name
from bot.rendering.status_text import format_preparing_status
from bot.submission import attachments
from shared.catalogue import Catalogue
from shared.job import Job, Origin, Requester, SourceKind
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import Request, build_request_with_defaults, parse_extras, pick_seed, validate_request

log = logging.getLogger(__name__)

MAX_CONCURRENT_DOWNLOADS: Final = 8
_DISCORD_TIMEOUT_SECONDS: Final = 30.0  # discord.py repeats a 5xx for about 25 s
_THREAD_EXISTS: Final = 160004
_THREAD_TYPES: Final = frozenset(
    {discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread}
)


class SubmissionStore(Protocol):
    """Records requests. Implemented by `bot.storage`."""

    async def add_job(self, job: Job, image: RemoteImage | StoredImage | None) -> bool:
        """Record a job before it is queued; False when this very job was recorded before.

        Raises `RejectedError` (records_unavailable).
        """
        ...

    async def mark_queued(self, job_id: str, sha256: str | None) -> None: ...

    async def mark_rejected(self, job_id: str, problem: Problem) -> None: ...


@dataclass(frozen=True)
class JobSubmitter:
    """Takes on what is asked for. `hosts` and `max_bytes` bound the picture, `extras_allowed_users` may send extras.

    `downloads` bounds how many pictures are held in memory at the same time.
    """

    catalogue: Catalogue
    queue: JobQueue
    store: SubmissionStore
    http_session: aiohttp.ClientSession
    allowed_hosts: Collection[str]
    max_bytes: int
    extras_allowed_users: Collection[int] = frozenset()
    rng: random.Random = field(default_factory=random.SystemRandom)
    clock: Callable[[], float] = time.time
    download_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_DOWNLOADS))

    def find_problems(self, interaction: discord.Interaction, image: RemoteImage | StoredImage | None) -> list[Problem]:
        """Everything that forbids taking on anything here, or this picture, by what Discord says of both."""
        found: list[Problem] = []
        if interaction.guild_id is not None:
            lacking = list_missing_permissions(interaction.app_permissions, in_thread=is_in_thread(interaction))
            if lacking:
                found.append(make_problem("permissions_missing", permissions=", ".join(lacking)))
        if isinstance(image, RemoteImage):
            found += attachments.validate_attachment(
                image.url, image.size_bytes, self._get_max_bytes(interaction), self.allowed_hosts
            )
        return found

    def build_request(
        self,
        interaction: discord.Interaction,
        image: RemoteImage | StoredImage | None,
        options: Mapping[str, Any],
        problems: Sequence[Problem] = (),
        preset: Mapping[str, Any] = MappingProxyType({}),
    ) -> Request:
        """Build the request from what was written, and what was left out from a preset, then as the person prefers.

        Raises `RejectedError` with `wrong` and with all else that is wrong.
        """
        found = [*self.find_problems(interaction, image), *problems]
        try:
            preferred = (preset, get_preferences(interaction).options)
            request = build_request_with_defaults(self.catalogue, *preferred, has_picture=image is not None, **options)
        except RejectedError as refused:
            raise RejectedError(*found, *refused.problems) from refused
        if found:
            raise RejectedError(*found)
        return request

    async def submit(
        self,
        interaction: discord.Interaction,
        request: Request,
        image: RemoteImage | StoredImage | None,
        *,
        parent_id: str | None = None,
        source_kind: SourceKind | None = None,
        seed: int | None = None,
    ) -> None:
        """Answer the interaction, which nobody answered yet, and take on its request.

        `parent` is the job that this one goes on from, `start` which picture of its thread it starts from without
        having come with one; `seed` is sent instead of one that is drawn. What is unexpected is raised;
        `bot.discord_client.client`
        logs it and tells the author.
        """
        try:
            self.validate_requests(interaction, image, request)
            private = _is_private(interaction)
        except RejectedError as refused:
            await respond_with_problems(interaction, refused.problems)
            return
        if not await defer(interaction, private=private):
            return
        place: Origin | None = None
        try:
            place = await (self._send_direct_status(interaction) if private else self._get_origin(interaction))
            job = self._build_job(
                interaction, str(interaction.id), request, place, seed, parent_id=parent_id, source_kind=source_kind
            )
            refusals = await self._submit_jobs(interaction, [job], image, partial(self._show_status, interaction, job))
        except RejectedError as refused:
            refusals = {str(interaction.id): refused.problems}
        except Exception:
            await self._delete_direct_status(interaction.client, place if private else None)
            raise
        if refusals:
            await self._delete_direct_status(interaction.client, place if private else None)
        for problems in refusals.values():
            await withdraw_and_explain(interaction, problems)

    async def submit_many(
        self,
        interaction: discord.Interaction,
        requests: Mapping[str, Request],
        image: RemoteImage | StoredImage | None,
        origin: Origin,
        *,
        parent_id: str | None = None,
        source_kind: SourceKind | None = None,
    ) -> Mapping[str, Sequence[Problem]]:
        """Take on these requests, by their jobs' ids, for whom a message stands at `place` already.

        Who wants a ping gets one for all of them, with the last. Tells why some were refused, by the same ids. Raises
        `RejectedError` where none could be taken on.
        """
        *jobs, last = (
            self._build_job(interaction, job_id, request, origin, None, parent_id=parent_id, source_kind=source_kind)
            for job_id, request in requests.items()
        )
        quiet = last.requester.model_copy(update={"may_ping": False})
        jobs = [*(job.model_copy(update={"requester": quiet}) for job in jobs), last]
        return await self._submit_jobs(interaction, jobs, image, _do_nothing)

    async def post_message(self, interaction: discord.Interaction, nonce: str, view: ui.LayoutView) -> Origin:
        """Begin a message where this was asked for, or in private where its asker prefers that. Raises `RejectedError`.

        Posted again with the same `nonce` within some minutes, it is the same message.
        """
        if _is_private(interaction):
            return await self._send_direct_message(interaction, nonce=nonce, view=view)
        channel = interaction.client.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        async with asyncio.timeout(_DISCORD_TIMEOUT_SECONDS):
            posted = await channel.send(nonce=nonce, view=view)
        return Origin(
            guild_id=interaction.guild_id or 0,
            channel_id=channel.id,
            message_id=posted.id,
            is_in_thread=is_in_thread(interaction),
        )

    def validate_requests(
        self, interaction: discord.Interaction, image: RemoteImage | StoredImage | None, *requests: Request
    ) -> None:
        """Raise `RejectedError` with all that forbids taking on these requests here."""
        wrong = self.find_problems(interaction, image)
        for request in requests:
            wrong += (
                found for found in self._find_request_problems(request, interaction.user.id) if found not in wrong
            )
        if wrong:
            raise RejectedError(*wrong)

    def _find_request_problems(self, request: Request, user_id: int) -> Iterator[Problem]:
        """Hold a request against today's table: it may come from an old job, or from a picture's words."""
        model = self.catalogue.models.get(request.model)
        if model is None:
            names = ", ".join(model.name for model in self.catalogue.generation_models)
            yield make_problem("model_unknown", value=request.model[:100], models=names)
        else:
            yield from validate_request(request, model, self.catalogue)
        if request.extras is not None:
            yield from self._find_extras_problems(json.dumps(request.extras, ensure_ascii=False), user_id)

    def _find_extras_problems(self, extras_json: str, user_id: int) -> Iterator[Problem]:
        if user_id not in self.extras_allowed_users:
            yield make_problem("extras_forbidden")
            return
        try:
            parse_extras(extras_json)
        except RejectedError as refused:
            yield from refused.problems

    async def _submit_jobs(
        self,
        interaction: discord.Interaction,
        jobs: Sequence[Job],
        image: RemoteImage | StoredImage | None,
        show_status: Callable[[], Awaitable[None]],
    ) -> Mapping[str, Sequence[Problem]]:
        """Write all down, say so while the picture is fetched, queue each. Tells why some were refused, by id.

        Once the queue's answer does not come, the rest stays written down as queued: `bot.recovery.reconciler` finds
        out.
        """
        try:
            fresh = await self._store_jobs(jobs, image)
        except RejectedError:
            await show_status()
            raise
        if not fresh:
            return {}
        refusals: dict[str, Sequence[Problem]] = {}
        waiting = {job.id: job for job in fresh}
        saying, heard = asyncio.ensure_future(show_status()), True
        try:
            async with self._open_image(fresh[0].id, image, self._get_max_bytes(interaction), saying) as picture:
                for job in fresh:
                    try:
                        heard = heard and await self._enqueue_job(job, picture)
                        await self.store.mark_queued(job.id, picture.sha256 if picture else None)
                    except RejectedError as refused:
                        refusals[job.id] = refused.problems
                        await self.store.mark_rejected(job.id, refused.problems[0])
                    del waiting[job.id]
            if not heard:
                await _explain_queue_delay(interaction)
        except Exception as error:
            why = error.problems[0] if isinstance(error, RejectedError) else make_problem("internal")
            for job_id in waiting:
                await self.store.mark_rejected(job_id, why)
            raise
        taken = [job for job in fresh if job.id not in refusals]
        opens = may_open_thread(interaction.app_permissions, _get_channel_type(interaction))
        if taken and opens and not taken[0].origin.is_in_thread:
            await self._open_thread(interaction.client, taken)
        return refusals

    async def _store_jobs(self, jobs: Sequence[Job], image: RemoteImage | StoredImage | None) -> Sequence[Job]:
        """Write all of them into the records, or none; those that are there already are left out.

        Raises `RejectedError`.
        """
        fresh: list[Job] = []
        for job in jobs:
            try:
                if await self.store.add_job(job, image):
                    fresh.append(job)
                else:
                    log.info("job %s: was accepted before", job.id)
            except RejectedError as refused:
                for written in fresh:
                    await self.store.mark_rejected(written.id, refused.problems[0])
                raise
        return fresh

    @asynccontextmanager
    async def _open_image(
        self, job_id: str, image: RemoteImage | StoredImage | None, max_bytes: int, acknowledgement: Awaitable[None]
    ) -> AsyncIterator[StoredImage | None]:
        """Hold the picture in memory, fetched once while it is said that it is.

        Raises `RejectedError` when it was said.
        """
        async with AsyncExitStack() as held:
            try:
                picture = (
                    await self._fetch_image(job_id, image, max_bytes, held) if isinstance(image, RemoteImage) else image
                )
            finally:
                await acknowledgement
            yield picture

    async def _fetch_image(self, job_id: str, image: RemoteImage, max_bytes: int, stack: AsyncExitStack) -> StoredImage:
        await stack.enter_async_context(self.download_slots)
        data, kind = await attachments.fetch_attachment(
            self.http_session, image.url, image.size_bytes, max_bytes, self.allowed_hosts
        )
        log.info("job %s: fetched %d bytes of %s", job_id, len(data), kind.name)
        return StoredImage((await asyncio.to_thread(hashlib.sha256, data)).hexdigest(), data)

    async def _enqueue_job(self, job: Job, image: StoredImage | None) -> bool:
        """Queue a job. False when nobody knows whether it was. Raises `RejectedError`."""
        try:
            fresh = await self.queue.enqueue_job(job, image.data if image else None)
        except QueueResultUnknownError:
            return False
        log.info("job %s: %s for %s", job.id, "accepted" if fresh else "was queued before", job.request.model)
        return True

    async def _show_status(self, interaction: discord.Interaction, job: Job) -> None:
        """Turn the acknowledgement into the message that tells where the job stands.

        It comes before anything is refused: once "thinking" is deleted, Discord may take no followup.
        https://github.com/discord/discord-api-docs/issues/3087
        """
        phrases = get_localized_messages(interaction)
        async with asyncio.timeout(_DISCORD_TIMEOUT_SECONDS):
            if job.origin.is_direct_message:
                where = f"https://discord.com/channels/@me/{job.origin.channel_id}/{job.origin.message_id}"
                await interaction.edit_original_response(content=phrases.text("status.direct", where=where))
            else:
                await interaction.edit_original_response(
                    content=format_preparing_status(job, phrases), view=build_cancel_view(job.id, phrases)
                )

    async def _get_origin(self, interaction: discord.Interaction) -> Origin:
        """Give the acknowledgement as the place: a message that says only that the bot is thinking."""
        async with asyncio.timeout(_DISCORD_TIMEOUT_SECONDS):
            message = await fetch_response_id(interaction)
        return Origin(
            guild_id=interaction.guild_id or 0,
            channel_id=interaction.channel_id or 0,
            message_id=message,
            is_in_thread=is_in_thread(interaction) or interaction.guild_id is None,
            is_direct_message=interaction.guild_id is None,
        )

    async def _send_direct_status(self, interaction: discord.Interaction) -> Origin:
        """Begin a status message in the asker's direct messages. Raises `RejectedError` where they are closed.

        Nothing is written down yet, so it promises nothing; `bot.status.status_messages` makes it say where the job
        stands.
        """
        text, nonce = (
            get_localized_messages(interaction).text("status.beginning"),
            f"s-{interaction.id}",
        )  # the answer's is the id
        try:
            # silent: the answer is what the person waits to be called for
            return await self._send_direct_message(interaction, content=text, nonce=nonce, silent=True)
        except RejectedError:
            await interaction.edit_original_response(content=text)
            raise

    async def _send_direct_message(self, interaction: discord.Interaction, **message: Any) -> Origin:
        try:
            async with asyncio.timeout(_DISCORD_TIMEOUT_SECONDS):
                status = await interaction.user.send(**message)
        except discord.Forbidden as error:
            raise RejectedError(make_problem("direct_closed")) from error
        channel = status.channel.id
        return Origin(
            guild_id=interaction.guild_id or 0,
            channel_id=channel,
            message_id=status.id,
            is_in_thread=True,
            is_direct_message=True,
        )

    async def _delete_direct_status(self, client: discord.Client, origin: Origin | None) -> None:
        """Delete the status message in the direct messages, if any: what it was about is not taken on."""
        if origin is None:
            return
        try:
            async with asyncio.timeout(_DISCORD_TIMEOUT_SECONDS):
                await client.get_partial_messageable(origin.channel_id).get_partial_message(origin.message_id).delete()
        except Exception:  # who asked is told all the same
            log.warning("status message %d: not deleted", origin.message_id, exc_info=True)

    def _build_job(
        self,
        interaction: discord.Interaction,
        job_id: str,
        request: Request,
        place: Origin,
        seed: int | None,
        *,
        parent_id: str | None,
        source_kind: SourceKind | None,
    ) -> Job:
        return Job(
            id=job_id,
            request=request,
            seed=seed or pick_seed(request, self.catalogue.models[request.model], self.rng),
            requester=build_requester(interaction),
            origin=place,
            accepted_at=self.clock(),
            parent_id=parent_id,
            source_kind=source_kind,
        )

    async def _open_thread(self, client: discord.Client, jobs: Sequence[Job]) -> None:
        """Open the thread of jobs of one place by the bot's own token. Without one, the answers find another place."""
        first, *_ = jobs
        place = first.origin
        channel = client.get_partial_messageable(place.channel_id, guild_id=place.guild_id)
        try:
            async with asyncio.timeout(_DISCORD_TIMEOUT_SECONDS):
                try:
                    await channel.get_partial_message(place.message_id).create_thread(
                        name=build_thread_name(first.request)
                    )
                except discord.HTTPException as error:
                    if error.code != _THREAD_EXISTS:
                        raise
                for job in jobs:
                    await self.queue.set_thread(
                        job.id, place.message_id
                    )  # a thread under a message has the message's own id
        except Exception:  # the job is accepted; whatever happened here, its answer comes
            log.warning("job %s: its thread could not be opened or remembered", first.id, exc_info=True)

    def _get_max_bytes(self, interaction: discord.Interaction) -> int:
        return min(self.max_bytes, interaction.filesize_limit)


def _get_channel_type(interaction: discord.Interaction) -> discord.ChannelType | None:
    return interaction.channel.type if interaction.channel else None


def _is_private(interaction: discord.Interaction) -> bool:
    """Tell whether the answer goes to direct messages from elsewhere. Raises `RejectedError` where nobody knows."""
    return require_preferences(interaction).private and interaction.guild_id is not None


async def _explain_queue_delay(interaction: discord.Interaction) -> None:
    """Tell who asked, and nobody else, that the request waits for the queue itself."""
    try:
        async with asyncio.timeout(_DISCORD_TIMEOUT_SECONDS):
            await interaction.followup.send(get_localized_messages(interaction).text("status.unheard"), ephemeral=True)
    except Exception:  # it is no ending: that comes
        log.warning("interaction %s: could not be told that it waits", interaction.id, exc_info=True)


async def _do_nothing() -> None:
    """Say nothing: the message that the requests arrived stands there."""


def build_requester(interaction: discord.Interaction) -> Requester:
    """Tell who asks, and how they are spoken to."""
    user, preferences = interaction.user, get_preferences(interaction)
    return Requester(
        id=user.id,
        name=user.display_name,
        locale=preferences.language or interaction.locale.value,
        may_ping=preferences.pings,
    )


def is_in_thread(interaction: discord.Interaction) -> bool:
    """Tell whether the interaction comes from inside a thread."""
    return _get_channel_type(interaction) in _THREAD_TYPES
