"""The interfaces of stores and queues that tests replace by fakes and that several packages call.

Everything else names the class itself.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.domain.draft import Draft
from bot.domain.guild_settings import GuildSettings
from bot.domain.images import StoredImage
from bot.domain.partitions import Tenure
from bot.domain.preferences import Preferences
from bot.domain.records import JobRecord
from bot.domain.search import SearchPage, SearchQuery, SearchSlice
from bot.domain.status import JobStatus
from shared.job import Job


class JobQueue(Protocol):
    """Accepts jobs. Implemented by `bot.queue`."""

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool: ...


class PartitionOwner(Protocol):
    """Knows which partitions of the outcomes this bot delivers. Implemented by `bot.queue`."""

    @property
    def tenures(self) -> Mapping[int, Tenure]:
        """The tenures of the partitions of this bot, by partition."""
        ...

    def find_tenure(self, key: int) -> Tenure | None:
        """Find the tenure of the partition of a key; None if another bot delivers it."""
        ...

    def hold(self, tenure: Tenure) -> AbstractAsyncContextManager[None]:
        """Keep a partition until the block ends. Raises `PartitionLostError` if it is another bot's, or becomes so."""
        ...

    async def wait_for_partitions(self) -> None: ...


class JobStatusReader(Protocol):
    """Reads the status of open jobs. Implemented by `bot.queue`."""

    async def list_open_jobs(self) -> Sequence[str]: ...

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]: ...

    async def load_prepared_image(self, job_id: str) -> bytes | None: ...


class DraftStore(Protocol):
    """Keeps drafts while a form is open. Implemented by `bot.queue`."""

    async def save_draft(self, draft_id: str, draft: Draft) -> None: ...

    async def save_plan(self, draft_id: str, draft: Draft, *, channel_id: int, guild_id: int) -> None:
        """Save the draft of an exploration, which counts in the limits on requests per minute."""
        ...

    async def load_draft(self, draft_id: str) -> Draft | None: ...


class JobHistory(Protocol):
    """Reads past jobs. Implemented by `bot.storage`."""

    async def find_job(self, job_id: str) -> JobRecord | None: ...

    async def find_jobs(self, job_ids: Collection[str]) -> Mapping[str, JobRecord]: ...

    async def find_latest_result(self, thread_id: int) -> JobRecord | None: ...

    async def list_results(self, thread_id: int, limit: int) -> Sequence[JobRecord]: ...

    async def find_first_job(self, thread_id: int) -> JobRecord | None: ...

    async def has_result(self, requester_id: int) -> bool: ...

    async def mark_result_deleted(self, job_id: str) -> None: ...


class ImageStore(Protocol):
    """Loads the stored images of past jobs. Implemented by `bot.storage`."""

    async def load_source_image(self, sha256: str) -> StoredImage | None: ...

    async def load_undelivered_image(self, job_id: str) -> bytes | None: ...


class JobSearch(Protocol):
    """Searches past jobs. Implemented by `bot.storage`."""

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage: ...

    async def list_jobs(
        self,
        query: SearchQuery,
        *,
        guild_id: int | None,
        channel_ids: Collection[int],
        limit: int,
        offset: int = 0,
        before_id: str | None = None,
        after_id: str | None = None,
    ) -> SearchSlice: ...

    async def count_own_jobs(self, requester_id: int, accepted_before: float) -> int: ...


class PreferencesStore(Protocol):
    """Keeps the preferences of people. Implemented by `bot.storage`."""

    async def load_preferences(self, user_id: int) -> Preferences: ...

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None: ...


class GuildSettingsStore(Protocol):
    """Loads the settings of servers. Implemented by `bot.storage`."""

    async def load_settings(self, guild_id: int) -> GuildSettings: ...
