"""What the bot shows stays within Discord's limits and says what is true, whatever people write."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.status import JobStatus, QueueState
from bot.i18n import list_languages, load_messages
from bot.rendering.markdown import build_thread_name, escape_markdown, truncate_text
from bot.rendering.outcome_views import (
    build_alt_text,
    build_expired_view,
    build_failed_view,
    build_filtered_view,
    build_result_view,
    compute_component_id,
)
from bot.rendering.status_text import format_duration, format_outcome_status, format_status
from shared.catalogue import load_catalogue
from shared.job import Job, Origin, Requester, SourceKind
from shared.outcome import Failed, Filtered, FilteredPart, Generated
from shared.problems import make_problem
from shared.prompts import TextPrompt
from shared.request.model import Request

CATALOGUE = load_catalogue()
EN, FR = load_messages("en"), load_messages("fr")
GENERATED = Generated(seed=1234567890, media_type="image/png", width=1024, height=1024, duration_seconds=8.23)
NOTES = tuple(EN.text(key, limit="10 MiB", kind="JPEG", code=1) for key in ("thread.forbidden", "upload.reencoded"))


def make_job(request: Request, user: int = 42) -> Job:
    return Job(
        id="1442000000000000001",
        request=request,
        seed=1,
        requester=Requester(id=user, name="ada"),
        origin=Origin(guild_id=1, channel_id=2, message_id=3),
        accepted_at=0,
    )


def make_request(model: str = "sdxl", *, prompt: str = "a castle", has_picture: bool = True, **options: Any) -> Request:
    return Request(model=model, text_prompts=(TextPrompt(text=prompt),), has_picture=has_picture, **options)


def render_result(request: Request, language: str = "en", **more: Any) -> str:
    model = CATALOGUE.models.get(request.model)
    view = build_result_view(
        make_job(request), GENERATED, model, load_messages(language), filename="a.png", total_seconds=41.5, **more
    )
    return "\n".join(list_texts(view))


def list_parts(view: Any) -> list[dict[str, Any]]:
    (container,) = view.to_components()
    return list(container["components"])


def list_texts(view: Any) -> list[str]:
    return [part["content"] for part in list_parts(view) if "content" in part]


def utf16_length(words: str) -> int:
    return len(words.encode("utf-16-le", "surrogatepass")) // 2


any_text = st.text(st.characters(), min_size=1, max_size=3000)
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


@given(requests, st.integers(0, 2**64 - 1), st.sampled_from(list_languages()), st.floats(0, 1e9))
def test_a_result_fits_discord_whatever_was_written(request: Request, user: int, language: str, seconds: float) -> None:
    model = CATALOGUE.models.get(request.model)
    view = build_result_view(
        make_job(request, user),
        GENERATED,
        model,
        load_messages(language),
        filename="a.png",
        total_seconds=seconds,
        notes=NOTES,
    )
    assert sum(map(utf16_length, list_texts(view))) <= 4000
    assert all(list_texts(view))
    assert view.total_children_count <= 40
    alt = list_parts(view)[0]["items"][0]["description"]
    assert 1 <= utf16_length(alt) <= 1024
    assert "```\n1234567890\n```" in "\n".join(list_texts(view))


@pytest.mark.parametrize(
    ("asked", "language", "said"),
    [
        (make_request(has_picture=False), "en", "Picture painted by AI from the words “a castle”"),
        (make_request(prompt="a *castle*\nin fog"), "en", "Picture changed by AI after the words “a *castle* in fog”"),
        (make_request(), "fr", "Image transformée par une IA d'après les mots «\u00a0a castle\u00a0»"),
        (make_request("conservative-upscale"), "en", "Picture enlarged by AI, painted from the words “a castle”"),
        (Request(model="fast-upscale", text_prompts=(), has_picture=True), "en", "Picture enlarged by AI"),
        (make_request("sdxl", prompt="\u200e"), "en", "Picture made by AI"),
    ],
)
def test_a_picture_is_described_as_what_it_is(asked: Request, language: str, said: str) -> None:
    assert build_alt_text(asked, CATALOGUE.models[asked.model], load_messages(language)) == said


@given(requests)
def test_a_thread_has_a_name_of_1_to_100_characters(request: Request) -> None:
    assert 1 <= utf16_length(build_thread_name(request)) <= 100
    assert "\n" not in build_thread_name(request)


@given(any_text, st.integers(5, 200))
def test_no_mark_of_markdown_stays_alive_and_no_cut_splits_an_escape(words: str, limit: int) -> None:
    safe = escape_markdown(words, limit)
    assert utf16_length(safe) <= limit
    assert not re.search(r"[\\`*_~|<>\[\]@:\n\r]", re.sub(r"\\[\\`*_~|<>\[\]@:]", "", safe))


@given(any_text, st.sampled_from(list_languages()))
def test_a_failure_fits_discord_whatever_its_facts_say(detail: str, language: str) -> None:
    failed = Failed(problem=make_problem("not_accepted", model="M", detail=detail))
    view = build_failed_view(make_job(make_request()), failed, load_messages(language), notes=NOTES)
    assert sum(map(utf16_length, list_texts(view))) <= 4000


@given(prompt=st.text("abcdefgh ", min_size=12).filter(str.strip), side=st.sampled_from(list(FilteredPart)))
def test_a_filter_notice_says_the_same_whatever_the_prompt_was(prompt: str, side: FilteredPart) -> None:
    notices = [
        list_texts(build_filtered_view(make_job(make_request(prompt=p)), Filtered(part=side, duration_seconds=1), EN))
        for p in (prompt, "other")
    ]
    assert notices[0] == notices[1]


@pytest.mark.parametrize(
    ("words", "harmless"),
    [
        ("**bold** _it_ ~~no~~ ||spoiler||", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|spoiler\|\|"),
        ("@everyone <@1> <t:1:R>", r"\@everyone \<\@1\> \<t\:1\:R\>"),
        ("[here](https://example.com)", r"\[here\](https\://example.com)"),
        ("two\n# lines\t.", "two # lines ."),
        ("\u202egnp.exe\u2066\x07", "gnp.exe"),
        ("c\\d", r"c\\d"),
        ("👩‍🎨 été 中文", "👩‍🎨 été 中文"),
    ],
)
def test_somebodys_words_are_shown_as_they_are_without_effect(words: str, harmless: str) -> None:
    assert escape_markdown(words, 200) == harmless


def test_a_cut_never_leaves_half_a_character() -> None:
    assert truncate_text("👩" * 10, 6) == "👩👩…"
    assert escape_markdown("*" * 10, 6) == r"\*\*…"


def test_a_result_shows_what_is_in_force_chosen_or_not() -> None:
    said = render_result(make_request(cfg_scale=7.25, style_preset="anime", steps=40))
    mode = EN.get_choice_label("init_image_mode", "IMAGE_STRENGTH")
    assert f"**model** SDXL 1.0 · **keep** 35% · **mode** {mode} · **steps** 40 · **guidance** 7.25" in said
    assert "**style** Anime · **sampler** automatic · **clip\\_guidance** None" in said
    assert "<@42>" in said
    assert "8.2\u00a0s of painting, 41.5\u00a0s in all" in said


def test_a_result_in_french_has_french_words_numbers_and_spaces() -> None:
    said = render_result(make_request(cfg_scale=7.25, keep=12.5), "fr")
    assert "**garder** 12,5\u00a0%" in said
    assert "**guidage** 7,25" in said
    assert "8,2\u00a0s de peinture, 41,5\u00a0s en tout" in said


def test_only_settings_that_the_model_reads_are_shown() -> None:
    said = render_result(make_request("sd3.5-large"))
    assert "**keep** 35%" in said
    for unread in ("steps", "guidance", "style", "sampler", "mode", "clip\\_guidance"):
        assert f"**{unread}**" not in said


def test_a_schedule_is_shown_instead_of_keep_and_a_shape_only_without_a_picture() -> None:
    scheduled = render_result(make_request(init_image_mode="STEP_SCHEDULE", step_schedule_start=0.6))
    assert "**schedule\\_start** 0.6" in scheduled
    assert "**keep**" not in scheduled
    assert "**aspect**" not in scheduled
    from_words = render_result(make_request(has_picture=False, aspect_ratio="16:9"))
    assert "**aspect** 16\\:9" in from_words
    assert "**keep**" not in from_words
    assert "schedule" not in from_words


def test_notes_about_the_message_are_shown() -> None:
    assert "-# in the channel because" in render_result(make_request(), notes=("in the channel because",))


def test_the_filter_notice_names_its_side_and_what_to_try_and_that_nobody_sees_the_picture() -> None:
    for language in (EN, FR):
        bodies = {
            side: "\n".join(
                list_texts(
                    build_filtered_view(make_job(make_request()), Filtered(part=side, duration_seconds=1), language)
                )
            )
            for side in FilteredPart
        }
        assert len(set(bodies.values())) == 3
        assert all(language.text("filtered.withheld") in body for body in bodies.values())
        assert language.text("filtered.input_advice") in bodies[FilteredPart.INPUT]


def test_an_expired_picture_names_its_seed() -> None:
    assert "1234567890" in "\n".join(list_texts(build_expired_view(make_job(make_request()), GENERATED, FR)))


def test_an_upscaled_picture_shows_no_prompt_and_no_seed_where_it_has_none() -> None:
    request = Request(model="fast-upscale", text_prompts=(), has_picture=True)
    larger = GENERATED.model_copy(update={"seed": None})
    view = build_result_view(
        make_job(request), larger, CATALOGUE.models["fast-upscale"], EN, filename="a.jpg", total_seconds=9
    )

    said = "\n".join(list_texts(view))
    assert "**model** Fast Upscale · **format** JPEG" in said
    assert not any(words in said for words in ("“", "seed", "None"))
    for language in (EN, FR):
        assert "None" not in "\n".join(list_texts(build_expired_view(make_job(request), larger, language)))


def test_what_an_upscale_invented_is_shown() -> None:
    assert "**creativity** 0.35" in render_result(make_request("conservative-upscale"))


def make_status(state: QueueState, position: int = 0, estimate: float = 0, *, has_picture: bool = True) -> JobStatus:
    return JobStatus(
        make_job(make_request(has_picture=has_picture)),
        state,
        position,
        estimate,
        100.7,
        None,
        None,
        typical_seconds=23,
    )


@pytest.mark.parametrize(
    ("now", "english"),
    [
        (make_status(QueueState.PREPARING), "Your picture is being prepared."),
        (make_status(QueueState.PREPARING, has_picture=False), "Your request is being prepared."),
        (make_status(QueueState.QUEUED, 4, 42), "Waiting: number 4 in the queue, about 40\u00a0s to go."),
        (make_status(QueueState.QUEUED, 1, 3), "Waiting: you are next, a few seconds to go."),
        (make_status(QueueState.QUEUED, 0, 200), "Waiting for a free place, about 3\u00a0min to go."),
        (make_status(QueueState.RUNNING), "SDXL 1.0 is painting: started <t:100:R>, usually takes about 20\u00a0s."),
        (make_status(QueueState.FINISHED), "Done. The answer is on its way."),
    ],
)
def test_every_state_has_its_sentence(now: JobStatus, english: str) -> None:
    assert format_status(now, EN, CATALOGUE.models["sdxl"]) == english
    assert format_status(now, FR, CATALOGUE.models["sdxl"]) != english


def test_what_was_cancelled_is_not_told_as_a_failure() -> None:
    cancelled = Failed(problem=make_problem("cancelled", name="**Ada**"))

    said = "\n".join(list_texts(build_failed_view(make_job(make_request()), cancelled, EN)))

    assert "### Cancelled" in said
    assert r"\*\*Ada\*\* cancelled it" in said
    assert format_outcome_status(cancelled, EN, "there") == "Cancelled: there"


def test_a_model_that_left_the_catalogue_is_still_named() -> None:
    assert "sdxl is at work" in format_status(make_status(QueueState.RUNNING), EN, None)


def test_an_end_without_a_message_says_so() -> None:
    assert "nowhere" not in format_outcome_status(GENERATED, EN, None)
    assert format_outcome_status(GENERATED, EN, None) == f"Done: {EN.text('status.nowhere')}"
    assert (
        format_outcome_status(GENERATED, FR, "ignored", is_private=True)
        == f"C'est fait\u00a0: {FR.text('status.private')}"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (14, "about 10\u00a0s"),
        (86, "about 90\u00a0s"),
        (91, "about 2\u00a0min"),
        (7300, "about 2\u00a0h"),
    ],
)
def test_a_duration_is_said_as_roughly_as_it_is_known(seconds: float, words: str) -> None:
    assert format_duration(seconds, EN) == words


def test_a_mark_is_a_positive_32_bit_number_of_the_job_alone() -> None:
    marks = {compute_component_id(str(number)) for number in range(1000)}
    assert len(marks) == 1000
    assert all(0 < number < 2**31 for number in marks)


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("state", [QueueState.PREPARING, QueueState.QUEUED, QueueState.RUNNING])
def test_the_status_says_which_picture_a_job_starts_from_for_as_long_as_it_is_open(
    state: QueueState, language: str
) -> None:
    phrases = load_messages(language)
    said = {
        start: format_status(
            JobStatus(make_job(make_request()).model_copy(update={"source_kind": start}), state, 1, 20, 0, None, None),
            phrases,
            None,
        )
        for start in (None, *SourceKind)
    }

    assert len(set(said.values())) == 4
    assert all(text.endswith(f"\n{said[None]}") for start, text in said.items() if start)
