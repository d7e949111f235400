"""People who use everything that is stored, until Redis and the database hold a row of every kind."""

import os
import signal
from pathlib import Path
from typing import Any

import redis
from PIL import Image

from bot.domain.batches import BatchState
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.batch_play import start_batch
from tests.support.bot_processes import inject_discord_fault
from tests.support.contest_play import enter, find_entering, start_contest
from tests.support.edits import start_erasing
from tests.support.exploration import invoke_explore, start_exploration, wait_for_exploration_end
from tests.support.records import query_records
from tests.support.server import find_owner
from tests.support.server_panel import choose, open_section
from tests.support.stored_batches import StoredBatches
from tests.support.user import DiscordUser, wait_until

USERS = ("ada", "grace", "linus", "margaret", "ben", "cleo")
MESSAGES_PATH = r"/channels/\d+/messages$"
RETIRED_MODEL = "stability.stable-diffusion-xl-v1"
SETTINGS = {
    "LEASE_SECONDS": "3",
    "BEDROCK_CALL_SECONDS": "90",
    "WORKER_CONCURRENCY": "8",
    "RECONCILE_INTERVAL_SECONDS": "1",
    "MAX_RUNNING_PER_USER": "1",
    "MAX_RUNNING_PER_BATCH": "1",
    "MAX_RUNNING_PER_CHANNEL": "50",
    "MAX_RUNNING_PER_GUILD": "50",
}


class Scenario:
    """A stack whose worker comes and goes."""

    def __init__(self, stack: Stack, client: redis.Redis, folder: Path) -> None:
        self.stack = stack
        self.client = client
        self.folder = folder
        self.workers: list[Process] = []
        self.image = folder / "source.png"
        Image.new("RGB", (64, 64), "teal").save(self.image)
        self.users = {name: DiscordUser(stack, name) for name in USERS}
        for name in USERS[1:]:
            request_json("POST", f"{stack.discord_url}/control/users", {"name": name})

    def start_worker(self) -> Process:
        """Start a worker and wait until it is ready."""
        worker = Process(f"worker-{len(self.workers) + 1}", ("-m", "worker"), self.folder, self.stack.environment)
        self.workers.append(worker)
        wait_until(lambda: "worker ready" in worker.log.read_text(), "a worker that is ready")
        return worker

    def kill_worker(self) -> None:
        """Kill the newest worker."""
        os.kill(self.workers[-1].pid, signal.SIGKILL)
        self.workers[-1].stop()

    def stop_workers(self) -> None:
        """Stop all workers."""
        for worker in self.workers:
            worker.stop()

    def submit(self, user: str, prompt: str, *, has_picture: bool = False, **options: Any) -> str:
        """Submit a request, and wait until it is in the queue."""
        job = self.users[user].submit_imagine(prompt, image=self.image if has_picture else None, **options)
        wait_until(lambda: self.client.exists(DEFAULT_KEYS.job_key(job)), "a job in the queue")
        return job

    def wait_for_state(self, job: str, state: str) -> None:
        """Wait until a job has this state in the queue."""
        wait_until(
            lambda: self.client.hget(DEFAULT_KEYS.job_key(job), "state") == state.encode(), f"job {job} as {state}", 60
        )

    def use_everything(self) -> None:
        """Let people use every feature that stores something, with results that are delivered."""
        ada, grace = self.users["ada"], self.users["grace"]
        channel = self.stack.channel_id
        self.start_worker()
        options = {"negative": "crowds", "style": "anime", "steps": 20, "seed": 7, "fit": "pad", "keep": 60}
        job = self.submit("ada", "a castle::1.2 | fog::0.5", has_picture=True, command="sdxl", **options)
        first = ada.wait_for_result(job)
        ada.wait_until_stored(job)
        ada.wait_for_private_text(ada.press_button(first, "favourite"))
        ada.wait_for_private_text(ada.invoke_command("presets save", first["channel_id"], name="Summer look"))
        owner = find_owner(self.stack)
        owner.wait_for_private_text(
            owner.invoke_command("presets save", first["channel_id"], **{"name": "House look", "for": "server"})
        )
        choose(owner, open_section(owner, "access"), "button_policy", "author")
        shown = grace.invoke_and_wait("preferences")
        grace.use_component(shown, "preference_select:language", "fr")
        wait_until(lambda: query_records(self.stack, "SELECT language FROM user_preferences"), "the chosen language")
        grace.use_component(shown, "preference_select:keep", "80")
        varied = ada.press_button(first, "vary", "subtle")
        wait_until(lambda: self.client.hget(DEFAULT_KEYS.job_key(varied), "state") == b"delivered", "a variation", 60)
        for prompt in ("a castle [filtered]", "a castle [error]"):
            self.wait_for_state(self.submit("grace", prompt, has_picture=True), "delivered")
        wait_for_exploration_end(
            ada, start_exploration(ada, invoke_explore(ada, "a lake", vary="keep", values="20, 80"))
        )
        ada.invoke_message_command(first, "Reimagine")
        invoke_explore(ada, "a plan that is not started", vary="seeds", count=2)
        ada.wait_for_private_message(ada.invoke_command("history", channel, words="castle"))
        ada.invoke_and_wait("lineage", first["channel_id"])
        self.work_together()
        self.make_undelivered_result()

    def work_together(self) -> None:
        """Let people edit a picture, finish a batch, enter a contest and live on a budget."""
        ada = self.users["ada"]
        owner = find_owner(self.stack)
        owner.wait_for_private_text(owner.invoke_command("budget set", self.stack.channel_id, amount=50, per="day"))
        self.wait_for_state(start_erasing(ada), "delivered")
        batches = StoredBatches(self.stack)
        batch_id = start_batch(ada, ["a castle at dusk", "a castle at dawn"], "Days")
        wait_until(lambda: batches.read_state(batch_id) is BatchState.REVIEW, "the end of the batch", 60)
        thread = start_contest(ada, "castles in the air")
        enter(self.users["linus"], find_entering(ada, thread), "a castle on a cloud")

    def make_undelivered_result(self) -> None:
        """Let a result find no place at all, so that the database keeps its picture."""
        linus = self.users["linus"]
        request_json("PATCH", f"{self.stack.discord_url}/control/users/linus", {"dms_closed": True})
        channel = linus.post("/control/channels", {"name": "short-lived"})["id"]
        job = self.submit("linus", "a castle that nobody sees [slow:3]", channel=channel)
        self.wait_for_state(job, "running")
        linus.delete(f"/control/channels/{channel}")
        self.wait_for_state(job, "delivered")

    def make_dead_letter(self) -> None:
        """Kill two workers during the calls of one job."""
        job = self.submit("ben", "a castle [slow:60]", has_picture=True)
        for call in (b"1", b"2"):
            wait_until(lambda call=call: self.client.hget(DEFAULT_KEYS.job_key(job), "calls") == call, "a call")  # type: ignore[misc]
            self.kill_worker()
            self.start_worker()
        self.wait_for_state(job, "delivered")
        assert self.client.zscore(DEFAULT_KEYS.dead_letters, job) is not None

    def fill_every_stage(self) -> None:
        """Bring jobs to each state in the queue, with the outcomes of each kind that nobody has delivered."""
        inject_discord_fault(self.stack, "status:503", "POST", MESSAGES_PATH, times=100_000)
        for user, prompt in (("ada", "a lake"), ("grace", "a lake [filtered]"), ("linus", "a lake [error]")):
            self.wait_for_state(self.submit(user, prompt, has_picture=True), "finished")
        start_exploration(self.users["ada"], invoke_explore(self.users["ada"], "a ruin", vary="seeds", count=2))
        self.wait_for_state(self.submit("margaret", "a lake [slow:80]", has_picture=True), "running")
        blocked = self.submit("margaret", "a lake of the same user", has_picture=True)
        wait_until(
            lambda: self.client.zscore(f"{DEFAULT_KEYS.prefix}blocked:generate:{self._scope('margaret')}", blocked),
            "a job that waits for a slot",
        )
        start_batch(self.users["margaret"], ["a lake at dusk [slow:80]", "a lake at dawn"], "Later", is_low=True)
        wait_until(
            lambda: list(self.client.scan_iter(f"{DEFAULT_KEYS.prefix}blocked_turns:generate:*")),
            "items of a batch that wait for a slot",
        )
        request_json("PUT", f"{self.stack.bedrock_url}/control/models/{RETIRED_MODEL}", {"status": "EOL"})
        self.wait_for_state(self.submit("cleo", "a lake", command="sdxl"), "finished")
        self.client.hincrby(f"{DEFAULT_KEYS.prefix}sweep", "last_at", 60_000)  # as if Redis's clock had been set back
        wait_until(lambda: self.client.exists(f"{DEFAULT_KEYS.prefix}clock_offset"), "the queue's own clock")
        self.submit("ben", "a lake [throttle-once]", has_picture=True)
        wait_until(lambda: self.client.zcard(f"{DEFAULT_KEYS.prefix}delayed:generate"), "a job that was throttled")
        self.kill_worker()
        self.submit("cleo", "a lake that is not prepared", has_picture=True)
        self.submit("cleo", "a lake that waits")
        start_batch(self.users["grace"], ["a lake in spring", "a lake in autumn"], "Seasons")
        wait_until(
            lambda: list(self.client.scan_iter(f"{DEFAULT_KEYS.prefix}ready_turns:generate:*")), "items that may run"
        )

    def _scope(self, user: str) -> str:
        users = self.users[user].get("/control/state")["users"]
        return next(f"user-{row['id']}" for row in users if row.get("username", row.get("name")) == user)
