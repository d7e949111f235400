"""Requests, jobs and records to render, and checks of the rendered messages."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from shared.catalogue import load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.job import Job, Origin, Requester
from shared.outcome import Generated
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.support.catalogues import SDXL_IN_IMAGINE

CATALOGUE = load_catalogue(SDXL_IN_IMAGINE)
EN, FR = load_messages("en"), load_messages("fr")
GENERATED = Generated(seed=1234567890, media_type="image/png", width=1024, height=1024, duration_seconds=8.23)
ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3)
LINK = "https://discord.com/channels/1/2/3"


def make_request(model: str = "sdxl", *, prompt: str = "a castle", has_picture: bool = True, **options: Any) -> Request:
    return Request(model=model, text_prompts=(TextPrompt(text=prompt),), has_picture=has_picture, **options)


def make_job(request: Request, user: int = 42) -> Job:
    return Job(
        id="1442000000000000001",
        request=request,
        seed=1,
        requester=Requester(id=user, name="ada"),
        origin=ORIGIN,
        accepted_at=0,
    )


def make_result_record(request: Request | None = None, *, user: int = 42, **fields: Any) -> JobRecord:
    """Make the record of a job that generated a picture."""
    return JobRecord(make_job(request or make_request(), user), "generated", 1, MessageRef(2, 3), 0.0, **fields)


def number_jobs(jobs: Sequence[Job]) -> list[Job]:
    """Give jobs different ids."""
    return [job.model_copy(update={"id": str(1_300_000_000_000_000_000 + n)}) for n, job in enumerate(jobs)]


any_text = st.text(st.characters(), min_size=1, max_size=3000)
any_messages = st.sampled_from([load_messages(language) for language in list_languages()])
prompts = st.lists(st.builds(TextPrompt, text=any_text, weight=st.floats(-1e9, 1e9)), min_size=1, max_size=4).map(tuple)
requests = st.builds(
    Request,
    model=st.sampled_from([*CATALOGUE.models, "a model of yesterday"]),
    text_prompts=prompts,
    has_picture=st.booleans(),
    keep=st.none() | st.floats(0, 100),
    init_image_mode=st.sampled_from([None, "IMAGE_STRENGTH", "STEP_SCHEDULE"]),
    step_schedule_start=st.none() | st.floats(0, 1),
    cfg_scale=st.none() | st.floats(0, 35),
    sampler=st.none() | any_text,
    style_preset=st.none() | any_text,
    aspect_ratio=st.none() | any_text,
    extras=st.none() | st.dictionaries(any_text, any_text, max_size=3),
)
jobs = st.builds(make_job, requests, st.integers(0, 2**64 - 1))
records = st.builds(
    JobRecord,
    job=jobs,
    outcome_kind=st.sampled_from(["generated", "filtered", "failed", "unknown"]),
    seed=st.none() | st.integers(0, 2**32 - 1),
    is_cancelled=st.booleans(),
    message=st.none() | st.builds(MessageRef, st.integers(0, 2**64 - 1), st.none() | st.integers(0, 2**64 - 1)),
    finished_at=st.floats(0, 1e10),
    is_deleted=st.booleans(),
)


def utf16_length(text: str) -> int:
    """Count UTF-16 code units, the strictest way to count characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def list_parts(view: Any) -> list[dict[str, Any]]:
    """List the components of the view; those of its container in place of it."""
    outer = list(view.to_components())
    return [part for component in outer for part in component.get("components", [component])]


def list_texts(view: Any) -> list[str]:
    return [part["content"] for part in list_parts(view) if "content" in part]


def join_texts(view: Any) -> str:
    return "\n".join(list_texts(view))


def list_components(part: Any) -> list[dict[str, Any]]:
    """List a component and everything in it."""
    children = [*part.get("components", ()), *([part["accessory"]] if "accessory" in part else [])]
    return [part, *(component for child in children for component in list_components(child))]


def assert_fits_discord(view: Any) -> list[dict[str, Any]]:
    """Check a view against Discord's limits; return its components."""
    components = [component for part in view.to_components() for component in list_components(part)]
    assert len(components) == view.total_children_count <= 40
    texts = [component["content"] for component in components if "content" in component]
    assert all(texts)
    assert sum(map(utf16_length, texts)) <= 4000
    custom_ids = [component["custom_id"] for component in components if "custom_id" in component]
    assert len(custom_ids) == len(set(custom_ids))
    assert all(1 <= len(custom_id) <= 100 for custom_id in custom_ids)
    assert all(1 <= utf16_length(component["label"]) <= 80 for component in components if component["type"] == 2)
    for item in (item for component in components for item in component.get("items", ())):
        assert 1 <= utf16_length(item["description"]) <= 1024
    for select in (component for component in components if component["type"] == 3):
        assert 1 <= len(select["options"]) <= 25
        assert utf16_length(select.get("placeholder", "")) <= 150
        assert len({option["value"] for option in select["options"]}) == len(select["options"])
        for option in select["options"]:
            assert all(1 <= utf16_length(option[part]) <= 100 for part in ("label", "value"))
            assert utf16_length(option.get("description") or "") <= 100
    return components
