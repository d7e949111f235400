"""A run of the whole stack through results, rejections and faults, with debug logs and planted secrets."""

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.__main__ import SAMPLE_IMAGE
from demo.first_picture import wait_until_ready
from demo.http_client import download_bytes
from demo.processes import ROOT, Process
from demo.stack import BOT_TOKEN, SECRET_KEY, Stack, run_stack
from tests.support.records import query_records
from tests.support.secured_redis import ADMIN_PASSWORD, PASSWORDS, SecuredRedis
from tests.support.user import DiscordUser, list_media, wait_until

HOSTILE_PROMPT = (
    "@everyone <@1442000000000000001> [free](https://evil.example) ```js\n` \\|\\|seen\\|\\| \u202egnp.exe\u2066 \u200b"
    "# heading **bold** https://evil.example/a_b <#1> </imagine:1>"
)


@dataclass(frozen=True)
class RecordedRun:
    """The logs, messages and secrets of a run, to be inspected afterwards."""

    stack: Stack
    redis: SecuredRedis
    folder: Path
    results: dict[str, dict[str, Any]]
    threads: dict[str, dict[str, Any]]
    private_texts: list[str]
    signatures: list[str]
    denied_commands: list[dict[str, str]]
    images: list[bytes]

    @property
    def secrets(self) -> dict[str, str]:
        """All secrets, each by a name that may be printed."""
        secrets = {"bot token": BOT_TOKEN, "AWS secret key": SECRET_KEY, "admin's password": ADMIN_PASSWORD}
        secrets |= {f"{user}'s password": password for user, password in PASSWORDS.items()}
        secrets |= {f"signature {number}": one for number, one in enumerate(self.signatures)}
        return secrets | {f"interaction token {number}": one for number, one in enumerate(self.interaction_tokens)}

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        """All REST exchanges with Discord."""
        return [json.loads(line) for line in (self.folder / "exchanges.jsonl").read_text().splitlines()]

    @property
    def interaction_tokens(self) -> list[str]:
        paths = (re.match(r"/(?:interactions|webhooks)/\d+/([^/]+)", one["path"]) for one in self.exchanges)
        return sorted({found[1] for found in paths if found})

    def read_logs(self) -> dict[str, str]:
        """Read the logs of bot, worker and their commands, by name."""
        return {path.stem: path.read_text() for path in (self.folder / "logs").glob("*.log")}

    def database_path(self) -> Path:
        return Path(self.stack.environment["DATABASE_URL"].removeprefix("sqlite:///"))


@contextlib.contextmanager
def run_secured_stack(secured: SecuredRedis, folder: Path) -> Iterator[RecordedRun]:
    """Run bot and worker as the documented Redis users, and run the scenario."""
    with contextlib.ExitStack() as exit_stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")  # not a server: each process gets its own user
            stack = exit_stack.enter_context(
                run_stack(
                    folder / "logs",
                    record=folder / "exchanges.jsonl",
                    discord_options=("--no-rate-limits",),
                    bedrock_options=("--latency", "0.1"),
                    settings={"LOG_LEVEL": "DEBUG", "BEDROCK_CALL_SECONDS": "4", "LEASE_SECONDS": "3"},
                    services=(),
                )
            )
        for name in ("worker", "bot"):
            environment = {**stack.environment, "REDIS_URL": secured.build_url(f"pentimento-{name}")}
            stack.processes[name] = process = Process(name, ("-m", name), folder / "logs", environment)
            exit_stack.callback(process.stop)
        wait_until_ready(stack)
        yield run_scenario(stack, secured, folder)


def run_scenario(stack: Stack, secured: SecuredRedis, folder: Path) -> RecordedRun:
    """Submit requests that succeed, are rejected and fail, while Discord and Redis have faults."""
    ada = DiscordUser(stack)
    jobs = {"slow": ada.submit_imagine("a castle [slow:1.5]")}
    signatures = wait_until(lambda: read_signatures(stack), "a record with the attachment's address")
    question = ada.wait_for_private_message(ada.submit_imagine(HOSTILE_PROMPT))  # it links to a page
    chosen = ada.press_button(question, "syntax_words")
    jobs["filtered"] = ada.submit_imagine("a castle [filtered]")
    jobs |= {name: ada.submit_imagine(f"a castle [{name}]") for name in ("validation", "garbage", "drop-once")}
    results = {name: ada.wait_for_result(job) for name, job in jobs.items()}
    results["hostile"] = ada.wait_for_chosen_result(chosen)
    signatures += use_result_actions(ada, results["slow"], stack)
    rejected = [
        DiscordUser(stack, "ben").submit_sdxl(HOSTILE_PROMPT, extras='{"a": 1}'),
        ada.submit_imagine("x", keep=50, image=None),
    ]
    private = [words for words in map(ada.wait_for_private_text, rejected) if words]

    for method, path, action in (
        ("POST", "/messages$", "drop_before"),
        ("POST", "/messages$", "drop_after"),
        ("PATCH", "/@original", "status:500"),
        ("POST", "/threads", "status:500"),
    ):
        match = {"method": method, "path_regex": path}
        ada.post("/control/faults", {"match": match, "action": action, "times": 1})
    results["faulty"] = ada.wait_for_result(ada.submit_imagine("a tower"))
    match = {"method": "PATCH", "path_regex": "/@original"}
    ada.post("/control/faults", {"match": match, "action": "status:400", "times": 1})  # logged with its traceback
    private.append(ada.wait_for_private_text(ada.submit_imagine("a lake")))

    for user in PASSWORDS:
        with secured.disable_user(user):
            time.sleep(1.5)
    results["locked out"] = ada.wait_for_result(wait_until(lambda: ada.submit_imagine("a bridge"), "a command"))
    for name in ("bot", "worker"):
        run_check(stack, secured, name, folder)
    threads = {name: ada.wait_for_status(job)["thread"] for name, job in jobs.items()}
    channels = {channel["id"]: channel for channel in ada.get("/control/state")["channels"]}
    threads["hostile"] = channels[results["hostile"]["channel_id"]]
    pictures = [download_bytes(item["media"]["url"]) for answer in results.values() for item in list_media(answer)]
    with secured.connect_as_admin() as admin:
        denied = [entry for entry in admin.acl_log() if entry["reason"] != "auth"]
    return RecordedRun(stack, secured, folder, results, threads, private, signatures, denied, pictures)


def use_result_actions(ada: DiscordUser, answer: dict[str, Any], stack: Stack) -> list[str]:
    """Use a result's buttons, forms and commands; return the signatures of the attachments that this used."""
    for verb in ("details", "favourite", "upscale"):
        ada.wait_for_private_text(ada.press_button(answer, verb))
    edited = ada.press_button(answer, "edit")
    ada.wait_for_result_in_place(ada.submit_modal(edited, **ada.read_modal_fields(edited)))
    opened = ada.invoke_message_command(ada.post_file("a.png", SAMPLE_IMAGE.read_bytes()), "Reimagine")
    job = ada.submit_modal(opened, prompt="a castle [slow:1.5]")
    signatures = wait_until(lambda: read_signatures(stack), "a record with the address of a message's picture")
    ada.wait_for_result(job)
    for command in ("queue", "history", "favourites", "preferences", "forget-me"):
        ada.invoke_and_wait(command)
    ada.wait_for_private_text(ada.invoke_command("show", stack.channel_id, result="castle"))
    export = ada.invoke_command("export", stack.channel_id)
    wait_until(lambda: ada.get(f"/control/interactions/{export}")["followups"], "a zip")
    return signatures


def run_check(stack: Stack, secured: SecuredRedis, name: str, folder: Path) -> None:
    """Run the `check` command of bot or worker, with the right and a wrong password, and log its output."""
    with (folder / "logs" / f"{name}-check.log").open("w") as output:
        for password in (None, "wr0ng-" + PASSWORDS[f"pentimento-{name}"]):
            url = secured.build_url(f"pentimento-{name}", password=password)
            environment = {**stack.environment, "REDIS_URL": url, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-m", name, "check"]
            subprocess.run(command, env=environment, cwd=folder, stdout=output, stderr=output, timeout=60, check=False)


def read_signatures(stack: Stack) -> list[str]:
    """Read the signatures of the attachments of open jobs from the database, which stores them until the jobs end."""
    rows = query_records(stack, "SELECT source_url FROM jobs WHERE source_url IS NOT NULL")
    return [found[1] for (url,) in rows if (found := re.search(r"hm=([0-9a-f]+)", url))]
