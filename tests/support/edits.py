"""Erasing a region of the sample picture in the Discord stand-in, and the mask that Bedrock must get for it."""

import hashlib
from typing import Any, Final

from bot.domain.budgets import to_micro_usd
from bot.domain.mask_shapes import parse_mask_shapes
from bot.images.edit_pictures import build_masked_pictures
from demo.__main__ import SAMPLE_IMAGE
from demo.http_client import request_json
from demo.stack import Stack
from shared.catalogue import load_catalogue
from shared.request.bundles import unpack_pictures
from shared.request.model import MaskKind, Request
from tests.support.bot_processes import count_results, wait_until_delivered
from tests.support.records import query_records
from tests.support.user import DiscordUser, encode_file, wait_until
from worker.imaging.pictures import prepare_pictures

MODEL: Final = load_catalogue().models["erase-object"]
REGION: Final = "box 10% 20% 50% 60%, feather 5"
_SPENT: Final = "SELECT sum(spent), sum(calls) FROM ledger_entries WHERE job_id = ?"


def invoke_erase(user: DiscordUser) -> dict[str, Any]:
    """Ask for the edit; return its preview."""
    image = encode_file(SAMPLE_IMAGE.name, SAMPLE_IMAGE.read_bytes())
    used = user.invoke_command("edit erase", user.stack.channel_id, {"image": image}, region=REGION)
    return user.wait_for_private_message(used)


def start_erasing(user: DiscordUser) -> str:
    """Ask for the edit and press Start below its preview; return the id of its job."""
    return press_start(user, invoke_erase(user))


def press_start(user: DiscordUser, preview: dict[str, Any]) -> str:
    """Press Start below a preview; return the id of its job."""
    user.press_button(preview, "edit_start")
    return str(preview["id"])


def list_erase_calls(stack: Stack) -> list[dict[str, Any]]:
    """List the calls of the model that erases."""
    calls: list[dict[str, Any]] = request_json("GET", f"{stack.bedrock_url}/control/calls")
    return [call for call in calls if call["model"] == MODEL.id]


def assert_erased_once(stack: Stack, job: str, *, billed: int = 1, in_doubt: int = 0) -> None:
    """Assert that the job has one result, and that each of its calls had the mask, was billed, and is in the ledger.

    There it has `in_doubt` calls more: those that an entry of the queue may have started that nobody can look up.
    """
    wait_until_delivered(stack, job)
    assert count_results(stack, job) == [1]
    calls = list_erase_calls(stack)
    assert [call["billed"] for call in calls] == [True] * billed
    assert {call["body"]["mask"]["sha256"] for call in calls} == {compute_mask_sha256()}
    counted = billed + in_doubt
    paid = counted * to_micro_usd(MODEL.price_usd), counted
    wait_until(lambda: query_records(stack, _SPENT, job) == [paid], f"{counted} calls in the ledger")


def compute_mask_sha256() -> str:
    """Compute the SHA-256 of the mask of the region, as a worker prepares it."""
    drawn = build_masked_pictures(SAMPLE_IMAGE.read_bytes(), parse_mask_shapes(REGION), None)
    request = Request(model=MODEL.key, text_prompts=(), has_picture=True, mask=MaskKind.PICTURE)
    prepared = prepare_pictures(unpack_pictures(drawn.image.data), request, MODEL)
    return hashlib.sha256(prepared.pictures.mask or b"").hexdigest()
