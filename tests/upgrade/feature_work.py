"""Explorations, edits, a batch and a contest that are under way when one release replaces another.

Only commands that the earlier release has are used, since its bot has to post what they make.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from bot.domain.batches import BatchState
from demo.__main__ import SAMPLE_IMAGE
from demo.http_client import request_json
from demo.stack import Stack
from demo.standins.discord.message import MessageFlag
from tests.support.batch_play import start_batch
from tests.support.bot_processes import read_job_field
from tests.support.contest_play import close, enter, find_entering, find_posted, start_contest
from tests.support.edits import invoke_erase, press_start, start_erasing
from tests.support.exploration import invoke_explore, start_exploration, wait_for_exploration_end
from tests.support.ledger import find_ledger_discrepancies
from tests.support.message_text import read_text
from tests.support.records import query_records
from tests.support.stored_batches import StoredBatches
from tests.support.user import DiscordUser, encode_file, list_custom_ids, wait_until

COMMANDS: Final = ("batch", "budget", "edit", "explore", "round")
"""Releases with /budget have a ledger, which is compared with the calls."""

ITEMS: Final = 5
VARIANTS: Final = 2
SETTLE_SECONDS: Final = 120.0


def list_commands(user: DiscordUser) -> dict[str, set[str]]:
    """List the commands that the bot offers to a user at present, with the names of their options."""
    available = user.get(f"/client/bootstrap?user={user.name}")["commands"]
    return {
        command["name"]: {option["name"] for option in command.get("options") or ()}
        for commands in available.values()
        for command in commands
    }


@dataclass
class FeatureWork:
    """Work of these commands, which both releases have.

    `posted_jobs` are those whose results are messages of their own; the pictures of `quiet_jobs` appear in a message of
    their batch or contest. `planned_edits` are previews that nobody has confirmed, `thread` is that of the latest
    contest.
    """

    stack: Stack
    commands: Collection[str]
    posted_jobs: list[str] = field(default_factory=list)
    quiet_jobs: list[str] = field(default_factory=list)
    exploration_ids: list[str] = field(default_factory=list)
    batch_ids: list[str] = field(default_factory=list)
    planned_edits: list[dict[str, Any]] = field(default_factory=list)
    thread: str = ""

    @property
    def missing_commands(self) -> list[str]:
        return [name for name in COMMANDS if name not in self.commands]

    def start_contest(self, name: str) -> None:
        """Start a contest, with an entry that takes part."""
        if "round" in self.commands:
            self.thread = start_contest(self._user("ada"), f"castles, {name}", rounds=1)
            self.quiet_jobs.append(
                enter(self._user("grace"), find_entering(self._user("ada"), self.thread), f"an entry, {name}")
            )

    def start_batch(self, name: str) -> None:
        """Start a batch, and wait until one of its items is being called."""
        if "batch" not in self.commands:
            return
        prompts = [f"item {number} {name}" for number in range(ITEMS)]
        batch_id = start_batch(self._user("ada"), prompts, f"Items {name}")
        self.batch_ids.append(batch_id)
        jobs = [job for (job,) in self._query("SELECT job_id FROM batch_items WHERE batch_id = ?", batch_id)]
        assert len(jobs) == ITEMS
        self.quiet_jobs += jobs
        wait_until(lambda: "running" in {read_job_field(self.stack, job) for job in jobs}, "a call of the batch", 60)

    def submit_waiting(self, name: str) -> None:
        """Submit an exploration, two edits and an entry, which wait as long as no worker runs, and plan an edit."""
        if "explore" in self.commands:
            self._explore(name)
        if "edit" in self.commands:
            grace = self._user("grace")
            replaced = {"find": "the boat", "prompt": f"a swan, {name}"}
            files = {"image": encode_file(SAMPLE_IMAGE.name, SAMPLE_IMAGE.read_bytes())}
            self.posted_jobs += [
                start_erasing(grace),
                grace.invoke_command("edit replace", self.stack.channel_id, files, **replaced),
            ]
            self.planned_edits.append(invoke_erase(grace))
        if "round" in self.commands:
            linus = self._user("linus")
            opened = linus.press_button(find_entering(linus, self.thread), "round_enter")
            self.quiet_jobs.append(linus.submit_modal(opened, prompt=f"an entry that waits, {name}"))
        for job in (*self.posted_jobs, *self.quiet_jobs):
            wait_until(lambda job=job: read_job_field(self.stack, job), f"job {job} in the queue", 60)  # type: ignore[misc]

    def start_planned_edits(self) -> None:
        """Confirm the previews of the other release."""
        while self.planned_edits:
            self.posted_jobs.append(press_start(self._user("grace"), self.planned_edits.pop()))

    def check(self) -> None:
        """End the contest, and check that each message is posted once and shows all that was asked for."""
        for exploration_id in self.exploration_ids:
            wait_for_exploration_end(self._user("ada"), exploration_id)
            assert self._count_messages(f"variant_show:{exploration_id}-01") == 1
        for batch_id in self.batch_ids:
            self._check_batch(batch_id)
        if self.thread:
            self._end_contest()
        if "budget" in self.commands:
            wait_until(lambda: not find_ledger_discrepancies(self.stack), "a ledger that agrees with Bedrock", 10)

    def _explore(self, name: str) -> None:
        ada = self._user("ada")
        way = "vary" if "vary" in list_commands(ada)["explore"] else "over"  # its name in 0.1.0
        options: dict[str, Any] = {way: "seeds", "count": VARIANTS}
        exploration_id = start_exploration(ada, invoke_explore(ada, f"a lake, {name}", **options))
        self.exploration_ids.append(exploration_id)
        self.posted_jobs += [f"{exploration_id}-{number:02}" for number in range(1, VARIANTS + 1)]

    def _check_batch(self, batch_id: str) -> None:
        batches = StoredBatches(self.stack)
        wait_until(lambda: batches.read_state(batch_id) is BatchState.REVIEW, "the end of the batch", SETTLE_SECONDS)
        assert batches.count_states(batch_id) == {"generated": ITEMS}
        wait_until(lambda: not batches.find_discrepancies(batch_id), "a batch that agrees with the ledger", 10)
        wait_until(
            lambda: self._count_messages(f"batch_pause:{batch_id}", f"batch_export:{batch_id}") == 1, "one board"
        )
        wait_until(lambda: self._count_messages(f"batch_open:{batch_id}:1") == 1, "one sheet")

    def _end_contest(self) -> None:
        ada = self._user("ada")
        close(ada, self.thread)
        find_posted(ada, self.thread, "Vote for your favourite")
        close(ada, self.thread)
        find_posted(ada, self.thread, "That was")
        texts = [read_text(message) for message in ada.list_messages(self.thread)]
        for once in ("Entries 1, 2", "Vote for your favourite", "That was"):
            assert sum(once in text for text in texts) == 1, texts

    def _count_messages(self, *custom_ids: str) -> int:
        """Count the messages of the bot that everybody sees with one of these components, in all channels."""
        posted = request_json("GET", f"{self.stack.discord_url}/control/state")["messages"]
        return sum(
            not message.get("deleted")
            and not message["flags"] & MessageFlag.EPHEMERAL
            and not set(custom_ids).isdisjoint(list_custom_ids(message))
            for messages in posted.values()
            for message in messages
        )

    def _query(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        return query_records(self.stack, statement, *values)

    def _user(self, name: str) -> DiscordUser:
        return DiscordUser(self.stack, name)
