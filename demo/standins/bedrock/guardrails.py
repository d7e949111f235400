"""ApplyGuardrail: checks pictures and texts as a guardrail does, and intervenes or fails on request.

A text with `[intervene]` is blocked, and so is what the control API says; pictures carry no words. The stand-in has one
guardrail, `demoguardrail`, with a draft and version 1.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html

GET    /control/guardrail  {"calls": every check, oldest first, "waiting": the scheduled answers}
POST   /control/guardrail  {"answer": "intervene" | "uncovered" | "<error fault>", "source": "OUTPUT", "times": 1}
DELETE /control/guardrail  clear both
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from demo.standins.bedrock import image_codec
from demo.standins.bedrock.control_api import bad_request_error, read_json_object
from demo.standins.bedrock.errors import ServiceError, validation_error
from demo.standins.bedrock.faults import ERROR_FAULTS
from demo.standins.bedrock.invoke import authenticate_caller
from demo.standins.bedrock.state import STATE

GUARDRAIL_ID: Final = "demoguardrail"
VERSIONS: Final = ("DRAFT", "1")
SOURCES: Final = ("INPUT", "OUTPUT")
ANSWERS: Final = ("intervene", "uncovered", *ERROR_FAULTS)
MAX_PICTURES: Final = 20
MAX_PICTURE_BYTES: Final = 4_000_000
MAX_SIDE: Final = 8000
BLOCKED_WORD: Final = "[intervene]"
BLOCKED_MESSAGE: Final = "The guardrail blocked this."
UNUSED_POLICIES: Final = (
    "topicPolicyUnits",
    "wordPolicyUnits",
    "sensitiveInformationPolicyUnits",
    "sensitiveInformationPolicyFreeUnits",
    "contextualGroundingPolicyUnits",
)

routes = web.RouteTableDef()


@dataclass
class ScheduledAnswer:
    """An answer for the next `times` checks of a source, or of any."""

    answer: str
    source: str | None = None
    times: int = 1


class GuardrailState:
    """What the guardrail was asked, and what it answers next."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.scheduled: list[ScheduledAnswer] = []

    def pick_answer(self, source: str) -> str | None:
        """Take the next scheduled answer to a check of this source."""
        found = next((one for one in self.scheduled if one.source in {None, source}), None)
        if found is None:
            return None
        found.times -= 1
        self.scheduled = [one for one in self.scheduled if one.times > 0]
        return found.answer


GUARDRAIL_STATE = web.AppKey("guardrail_state", GuardrailState)


@routes.post("/guardrail/{guardrail}/version/{version}/apply")
async def apply_guardrail(request: web.Request) -> web.Response:
    """Check a request's content, and answer with an assessment in the shapes of botocore's service model."""
    await authenticate_caller(request)
    name = request.match_info["guardrail"].rpartition("/")[2]
    if name != GUARDRAIL_ID or request.match_info["version"] not in VERSIONS:
        raise ServiceError(
            404, "ResourceNotFoundException", "The guardrail identifier or version provided does not exist."
        )
    body = await _read_body(request)
    source, content = body.get("source"), body.get("content")
    if source not in SOURCES or not isinstance(content, list) or not content:
        raise validation_error(f"source must be one of {', '.join(SOURCES)}, and content must not be empty.")
    async with request.app[STATE].render_slots:
        pictures, texts = await asyncio.to_thread(_parse_content, content)
    answer = request.app[GUARDRAIL_STATE].pick_answer(source)
    request.app[GUARDRAIL_STATE].calls.append({"source": source, "pictures": pictures, "texts": texts})
    if fault := ERROR_FAULTS.get(answer or ""):
        raise fault.error.copy()
    intervenes = answer == "intervene" or any(BLOCKED_WORD in text for text in texts)
    guarded = 0 if answer == "uncovered" else len(pictures)
    return web.json_response(_build_response(texts, guarded, len(pictures), intervenes=intervenes))


async def _read_body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise validation_error("Malformed input request, please reformat your input and try again.")
    return body


def _parse_content(content: list[Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a summary of each picture, and the texts. Raises ServiceError."""
    pictures, texts = [], []
    for block in content:
        match block:
            case {"text": {"text": str(text)}}:
                texts.append(text)
            case {"image": {"format": "png" | "jpeg" as form, "source": {"bytes": str(encoded)}}}:
                pictures.append(_summarize_picture(form, encoded))
            case _:
                raise validation_error("A content block must be a text, or an image in the format png or jpeg.")
    if len(pictures) > MAX_PICTURES:
        raise validation_error(f"At most {MAX_PICTURES} images are allowed in a request.")
    return pictures, texts


def _summarize_picture(form: str, encoded: str) -> dict[str, Any]:
    try:
        data, image = image_codec.open_image(encoded)
        image.load()
    except (image_codec.UnreadableImageError, OSError, SyntaxError) as error:
        raise validation_error("The image could not be processed.") from error
    if str(image.format).lower() != form:
        raise validation_error(f"The image is not in the format {form}.")
    if len(data) > MAX_PICTURE_BYTES or max(image.size) > MAX_SIDE:
        raise validation_error("The image exceeds 4 MB, or 8000 x 8000 pixels.")
    return {"format": form, "bytes": len(data), "width": image.width, "height": image.height}


def _build_response(texts: list[str], guarded: int, pictures: int, *, intervenes: bool) -> dict[str, Any]:
    characters = sum(map(len, texts))
    blocked = {
        "type": "VIOLENCE",
        "confidence": "HIGH",
        "filterStrength": "HIGH",
        "action": "BLOCKED",
        "detected": True,
    }
    usage = dict.fromkeys(UNUSED_POLICIES, 0)
    return {
        "usage": usage | {"contentPolicyUnits": -(-characters // 1000), "contentPolicyImageUnits": guarded},
        "action": "GUARDRAIL_INTERVENED" if intervenes else "NONE",
        "actionReason": "Guardrail blocked." if intervenes else "No action.",
        "outputs": [{"text": BLOCKED_MESSAGE}] if intervenes else [],
        "assessments": [{"contentPolicy": {"filters": [blocked]}}] if intervenes else [],
        "guardrailCoverage": {
            "textCharacters": {"guarded": characters, "total": characters},
            "images": {"guarded": guarded, "total": pictures},
        },
    }


@routes.get("/control/guardrail")
async def list_checks(request: web.Request) -> web.Response:
    state = request.app[GUARDRAIL_STATE]
    return web.json_response({"calls": state.calls, "waiting": [vars(one) for one in state.scheduled]})


@routes.post("/control/guardrail")
async def schedule_answer(request: web.Request) -> web.Response:
    body = await read_json_object(request)
    scheduled = ScheduledAnswer(str(body.get("answer")), body.get("source"), body.get("times", 1))
    if scheduled.answer not in ANSWERS or scheduled.source not in {None, *SOURCES}:
        raise bad_request_error(f"Choose an answer of {', '.join(ANSWERS)}, and a source of {', '.join(SOURCES)}.")
    request.app[GUARDRAIL_STATE].scheduled.append(scheduled)
    return web.json_response(vars(scheduled), status=201)


@routes.delete("/control/guardrail")
async def clear_checks(request: web.Request) -> web.Response:
    request.app[GUARDRAIL_STATE].calls.clear()
    request.app[GUARDRAIL_STATE].scheduled.clear()
    return web.Response(status=204)
