"""The heads of the Lua scripts document their arguments and replies, and every key they use is in the schema."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from bot.queue.delivery_partitions import RenewReply
from bot.queue.epoch import EpochReply
from bot.queue.measurement import MeasurementReply
from bot.queue.paused_guilds import PausedGuildsReply
from bot.queue.replies import AcceptReply, CancelReply, JobsBeforeReply, SaveDraftReply, StatusReply
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.replies import ScriptReply
from shared.queue.schema import REDIS_KEYS
from shared.queue.scripts import list_scripts
from worker.queue.replies import ClaimReply, DisableModelReply, FinishReply, RetryReply, SweepReply

LUA = Path(str(files("shared.queue").joinpath("lua")))
SCRIPTS = list_scripts()
REPLIES: dict[str, type[ScriptReply]] = {
    "accept": AcceptReply,
    "cancel": CancelReply,
    "claim": ClaimReply,
    "disable_model": DisableModelReply,
    "epoch": EpochReply,
    "finish": FinishReply,
    "jobs_before": JobsBeforeReply,
    "measure_queue": MeasurementReply,
    "renew_partitions": RenewReply,
    "retry_dead_letter": RetryReply,
    "save_draft": SaveDraftReply,
    "set_paused_guilds": PausedGuildsReply,
    "status": StatusReply,
    "sweep": SweepReply,
}


def read_head(script: str) -> str:
    """Read the comment at the beginning of a script."""
    lines = (LUA / f"{script}.lua").read_text(encoding="utf-8").splitlines()
    return "\n".join(lines[: next(number for number, line in enumerate(lines) if not line.startswith("--"))])


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_opens_with_its_purpose_its_keys_its_arguments_and_its_reply(script: str) -> None:
    head = read_head(script)

    assert head.startswith(f"-- {script}.lua: ")
    assert re.search(r"^-- KEYS\[1\] +prefix of every key$", head, re.MULTILINE)
    assert re.search(r"^-- Reply: ", head, re.MULTILINE)
    numbers = [int(number) for number in re.findall(r"^-- ARGV\[(\d+)…?\]", head, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    code = (LUA / f"{script}.lua").read_text(encoding="utf-8")
    for last in re.findall(r"unpack\(ARGV, 1, (\d+)\)", code):
        assert int(last) in {len(numbers), len(numbers) - 1}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_reply_has_the_names_that_its_script_documents(script: str) -> None:
    head = read_head(script)
    _, _, reply = head.partition("-- Reply: ")
    documented = re.findall(r"^--   (\w+) +(?:string|number|list)", reply, re.MULTILINE)

    assert documented == list(REPLIES[script].model_fields if script in REPLIES else [])


def test_every_key_of_the_scripts_is_in_the_schema_and_every_key_of_the_schema_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in LUA.glob("*.lua"))
    in_lua = set(re.findall(r"\bkey\('(\w+)'", code)) - {"no_such_key"}
    in_python = {
        name.removeprefix(DEFAULT_KEYS.prefix).partition(":")[0]
        for attribute, value in vars(KeyNames).items()
        for name in (
            *([getattr(DEFAULT_KEYS, attribute)] if isinstance(value, property) else []),
            *([value(DEFAULT_KEYS, "x")] if callable(value) and attribute.endswith("_key") else []),
        )
    } - {"no_such_key"}

    assert in_lua | in_python == {key.pattern.partition(":")[0] for key in REDIS_KEYS}


def test_the_schema_names_no_key_twice() -> None:
    patterns = [key.pattern for key in REDIS_KEYS]

    assert len(set(patterns)) == len(patterns)
    assert all(bool(key.fields) <= (key.type in {"hash", "stream"}) for key in REDIS_KEYS)
