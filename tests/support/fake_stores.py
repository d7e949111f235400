"""Queues and stores in memory, for tests of the bot."""

from collections.abc import Awaitable, Collection, Mapping, Sequence

from bot.domain.budgets import Spender
from bot.domain.draft import Draft
from bot.domain.guild_settings import GuildSettings
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.owners import Owner
from bot.domain.preferences import Preferences
from bot.domain.presets import Preset
from bot.domain.records import JobRecord
from bot.domain.search import SearchPage, SearchQuery, SearchSlice
from bot.domain.status import JobStatus
from bot.domain.word_rules import WordList, make_rule
from shared.job import Job
from shared.problems import Problem, RejectedError, make_problem


class FakeJobQueue:
    """A `JobQueue` in memory. `error` is raised instead of accepting, `delay` awaited before."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.sources: dict[str, bytes | None] = {}
        self.error: Exception | None = None
        self.delay: Awaitable[object] | None = None

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        if self.delay is not None:
            await self.delay
        if self.error is not None:
            raise self.error
        if job.id in self.jobs:
            return False
        self.jobs[job.id], self.sources[job.id] = job, image
        return True

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]


OPEN_STATES = ("accepted", "queued")


class FakeSubmissionStore:
    """A `SubmissionStore` in memory: the latest state of each job. `error` is raised instead of accepting."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.sources: dict[str, RemoteImage | StoredImage | None] = {}
        self.hashes: dict[str, str | None] = {}
        self.spenders: dict[str, Spender] = {}
        self.error: Exception | None = None

    async def add_jobs(
        self, jobs_to_add: Sequence[Job], image: RemoteImage | StoredImage | None, spender: Spender
    ) -> bool:
        if self.error is not None:
            raise self.error
        if any(job.id in self.states for job in jobs_to_add):
            return False
        for job in jobs_to_add:
            self.states[job.id], self.sources[job.id], self.spenders[job.id] = "accepted", image, spender
        return True

    async def is_rejected(self, job_id: str) -> bool:
        return self.states.get(job_id) not in OPEN_STATES

    async def mark_queued(self, job_id: str, sha256: str | None) -> None:
        self.states[job_id], self.hashes[job_id] = "queued", sha256

    async def mark_rejected(self, job_id: str, problem: Problem) -> None:
        self.states[job_id] = problem.code

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]


class EmptyJobHistory:
    """A `JobHistory`, `ImageStore`, `JobSearch` and `JobStatusReader` without any job."""

    async def find_job(self, job_id: str) -> JobRecord | None:
        return None

    async def find_jobs(self, job_ids: Collection[str]) -> Mapping[str, JobRecord]:
        return {}

    async def find_latest_result(self, thread_id: int) -> JobRecord | None:
        return None

    async def list_results(self, thread_id: int, limit: int) -> Sequence[JobRecord]:
        return []

    async def find_first_job(self, thread_id: int) -> JobRecord | None:
        return None

    async def has_result(self, requester_id: int) -> bool:
        return False

    async def mark_result_deleted(self, job_id: str) -> None:
        return None

    async def load_source_image(self, sha256: str) -> StoredImage | None:
        return None

    async def load_undelivered_image(self, job_id: str) -> bytes | None:
        return None

    async def list_open_jobs(self) -> Sequence[str]:
        return []

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]:
        return []

    async def load_prepared_image(self, job_id: str) -> bytes | None:
        return None

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage:
        return SearchPage([], 0)

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
    ) -> SearchSlice:
        return SearchSlice([])

    async def count_own_jobs(self, requester_id: int, accepted_before: float) -> int:
        return 0


class FakeDraftStore:
    """A `DraftStore` in memory."""

    def __init__(self) -> None:
        self.drafts: dict[str, Draft] = {}

    async def save_draft(self, draft_id: str, draft: Draft) -> None:
        self.drafts[draft_id] = draft

    async def save_plan(self, draft_id: str, draft: Draft, *, channel_id: int, guild_id: int) -> None:
        del channel_id, guild_id
        self.drafts[draft_id] = draft

    async def load_draft(self, draft_id: str) -> Draft | None:
        return self.drafts.get(draft_id)


class EmptyPresetStore:
    """A `PresetReader` without any preset."""

    async def list_presets(self, owner: Owner) -> Sequence[Preset]:
        return []

    async def find_preset_by_code(self, code: str) -> Preset | None:
        return None


class FakePreferencesStore:
    """A `PreferencesStore` in memory."""

    def __init__(self) -> None:
        self.preferences: dict[int, Preferences] = {}

    async def load_preferences(self, user_id: int) -> Preferences:
        return self.preferences.get(user_id, Preferences())

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        self.preferences[user_id] = preferences


class FakeGuildSettingsStore:
    """A `GuildSettingsStore` with the same settings for all servers; it fails if it has none."""

    def __init__(self, settings: GuildSettings | None) -> None:
        self.settings = settings

    async def load_settings(self, guild_id: int) -> GuildSettings:
        if self.settings is None:
            raise RejectedError(make_problem("database_unavailable"))
        return self.settings


class FakeWordLists:
    """The list of guild 1; `loads` counts how often it was loaded."""

    def __init__(self, *patterns: str) -> None:
        self.word_list, self.loads = WordList(map(make_rule, patterns)), 0

    async def load_word_list(self, guild_id: int) -> WordList:
        assert guild_id == 1
        self.loads += 1
        return self.word_list
