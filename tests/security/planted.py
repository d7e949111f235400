"""A run of the whole house through pictures, refusals and faults, logging all there is, with secrets planted in it."""

import contextlib
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.__main__ import SAMPLE
from demo.first_picture import wait_until_ready
from demo.house import SECRET_KEY, TOKEN, House, open_house
from demo.processes import ROOT, Process
from demo.web import download
from tests.e2e.asker import Asker, media_of, until
from tests.security.locked import ADMIN, PASSWORDS, LockedRedis

HOSTILE = (
    "@everyone <@1442000000000000001> [free](https://evil.example) ```js\n` \\|\\|seen\\|\\| \u202egnp.exe\u2066 \u200b"
    "# heading **bold** https://evil.example/a_b <#1> </imagine:1>"
)


@dataclass(frozen=True)
class Run:
    """What there is to look at afterwards."""

    house: House
    redis: LockedRedis
    folder: Path
    answers: dict[str, dict[str, Any]]
    threads: dict[str, dict[str, Any]]
    private: list[str]
    signatures: list[str]
    denied: list[dict[str, str]]
    pictures: list[bytes]

    @property
    def secrets(self) -> dict[str, str]:
        """Give every secret by a name that may be printed."""
        known = {"bot token": TOKEN, "AWS secret key": SECRET_KEY, "admin's password": ADMIN}
        known |= {f"{user}'s password": password for user, password in PASSWORDS.items()}
        known |= {f"signature {number}": one for number, one in enumerate(self.signatures)}
        return known | {f"interaction token {number}": one for number, one in enumerate(self.interaction_tokens)}

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        """List every REST exchange with Discord."""
        return [json.loads(line) for line in (self.folder / "exchanges.jsonl").read_text().splitlines()]

    @property
    def interaction_tokens(self) -> list[str]:
        paths = (re.match(r"/(?:interactions|webhooks)/\d+/([^/]+)", one["path"]) for one in self.exchanges)
        return sorted({found[1] for found in paths if found})

    def logs(self) -> dict[str, str]:
        """Give what bot, worker and their commands wrote, by name."""
        return {path.stem: path.read_text() for path in (self.folder / "logs").glob("*.log")}

    def records(self) -> Path:
        return Path(self.house.environment["DATABASE_URL"].removeprefix("sqlite:///"))


@contextlib.contextmanager
def running_house(locked: LockedRedis, folder: Path) -> Iterator[Run]:
    """Run bot and worker as the README's users, and play everything through."""
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")  # nobody's: each process gets a user of its own
        house = stack.enter_context(
            open_house(
                folder / "logs",
                record=folder / "exchanges.jsonl",
                discord_options=("--no-rate-limits",),
                bedrock_options=("--latency", "0.1"),
                settings={"LOG_LEVEL": "DEBUG", "BEDROCK_CALL_SECONDS": "4", "LEASE_SECONDS": "3"},
                start=(),
            )
        )
        for name in ("worker", "bot"):
            environment = {**house.environment, "REDIS_URL": locked.url(f"pentimento-{name}")}
            house.processes[name] = process = Process(name, ("-m", name), folder / "logs", environment)
            stack.callback(process.stop)
        wait_until_ready(house)
        yield play(house, locked, folder)


def play(house: House, locked: LockedRedis, folder: Path) -> Run:
    """Ask for what succeeds, for what is refused and for what fails, in a house whose parts fail too."""
    ada = Asker(house)
    asked = {"slow": ada.ask("a castle [slow:1.5]")}
    signatures = until(lambda: signatures_of(house), "a record with the attachment's address")
    asked |= {"hostile": ada.ask(HOSTILE), "filtered": ada.ask("a castle [filtered]")}
    asked |= {name: ada.ask(f"a castle [{name}]") for name in ("validation", "garbage", "drop-once")}
    answers = {name: ada.answer(job) for name, job in asked.items()}
    signatures += going_on(ada, answers["slow"], house)
    refused = [ada.ask(HOSTILE, model="sdxl", extras='{"a": 1}'), ada.ask("x", keep=50, image=None)]
    private = [words for words in map(ada.private_words, refused) if words]

    for method, path, action in (
        ("POST", "/messages$", "drop_before"),
        ("POST", "/messages$", "drop_after"),
        ("PATCH", "/@original", "status:500"),
        ("POST", "/threads", "status:500"),
    ):
        match = {"method": method, "path_regex": path}
        ada.post("/control/faults", {"match": match, "action": action, "times": 1})
    answers["faulty"] = ada.answer(ada.ask("a tower"))

    for user in PASSWORDS:
        with locked.locked_out(user):
            time.sleep(1.5)
    answers["locked out"] = ada.answer(until(lambda: ada.ask("a bridge"), "a command"))
    for name in ("bot", "worker"):
        check(house, locked, name, folder)
    threads = {name: ada.status(job)["thread"] for name, job in asked.items()}
    pictures = [download(item["media"]["url"]) for answer in answers.values() for item in media_of(answer)]
    with locked.admin() as admin:
        denied = [entry for entry in admin.acl_log() if entry["reason"] != "auth"]
    return Run(house, locked, folder, answers, threads, private, signatures, denied, pictures)


def going_on(ada: Asker, answer: dict[str, Any], house: House) -> list[str]:
    """Go on from an answer and look back, by buttons, forms and commands; give the signatures that this used."""
    for verb in ("details", "favourite", "upscale"):
        ada.private_words(ada.press(answer, verb))
    edited = ada.press(answer, "edit")
    ada.answer_here(ada.submit(edited, **ada.fields(edited)))
    opened = ada.use_on(ada.share("a.png", SAMPLE.read_bytes()), "Reimagine")
    asked = ada.submit(opened, prompt="a castle [slow:1.5]")
    signatures = until(lambda: signatures_of(house), "a record with the address of a message's picture")
    ada.answer(asked)
    for command in ("queue", "history", "favourites", "preferences", "forget-me"):
        ada.shown(command)
    ada.private_words(ada.use("show", house.channel, what="castle"))
    export = ada.use("export", house.channel)
    until(lambda: ada.get(f"/control/interactions/{export}")["followups"], "a zip")
    return signatures


def check(house: House, locked: LockedRedis, name: str, folder: Path) -> None:
    """Run the check of one half, and keep what it says, as it is and with a wrong password."""
    with (folder / "logs" / f"{name}-check.log").open("w") as said:
        for password in (None, "wr0ng-" + PASSWORDS[f"pentimento-{name}"]):
            url = locked.url(f"pentimento-{name}", password=password)
            environment = {**house.environment, "REDIS_URL": url, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-m", name, "check"]
            subprocess.run(command, env=environment, cwd=folder, stdout=said, stderr=said, timeout=60, check=False)


def signatures_of(house: House) -> list[str]:
    """Read the signatures of the attachments of jobs that are open, which the records keep until their end."""
    with contextlib.closing(sqlite3.connect(house.environment["DATABASE_URL"].removeprefix("sqlite:///"))) as records:
        rows = records.execute("SELECT source_url FROM jobs WHERE source_url IS NOT NULL").fetchall()
    return [found[1] for (url,) in rows if (found := re.search(r"hm=([0-9a-f]+)", url))]
