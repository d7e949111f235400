"""`/imagine` through the real bot, queue and worker: the straight line, and each way it may bend."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.first_picture import words_of
from demo.house import House
from demo.web import download
from tests.e2e.asker import Asker, media_of, until

Calls = Callable[[], list[dict[str, Any]]]
EVERY_SDXL_OPTION: dict[str, Any] = {
    "model": "sdxl",
    "negative": "crowds",
    "mode": "STEP_SCHEDULE",
    "schedule_start": 0.9,
    "schedule_end": 0.1,
    "guidance": 11.5,
    "clip_guidance": "FAST_BLUE",
    "sampler": "K_DPM_2_ANCESTRAL",
    "samples": 1,
    "seed": 4294967295,
    "steps": 50,
    "style": "anime",
    "fit": "pad",
}


def words(message: dict[str, Any]) -> str:
    return "\n".join(words_of(message))


def picture(message: dict[str, Any]) -> Image.Image:
    [item] = media_of(message)
    opened: Image.Image = Image.open(io.BytesIO(download(item["media"]["url"])))
    return opened


def test_a_picture_and_its_seed_come_out_in_a_thread(ada: Asker, calls: Calls) -> None:
    job = ada.ask("a castle in fog", keep=60)

    answer = ada.answer(job)

    [paid] = calls()
    made = picture(answer)
    assert str(paid["seed"]) in words(answer)
    assert paid["body"]["strength"] == 0.4
    assert media_of(answer)[0]["description"] == "Picture changed by AI after the words “a castle in fog”"
    assert json.loads(made.info["pentimento"])["seed"] == paid["seed"]
    assert set(made.info) <= {"parameters", "pentimento"}
    assert "@everyone" not in words(answer)
    done = until(lambda: ada.status(job) if answer["id"] in words(ada.status(job)) else None, "the link to the result")
    assert done["thread"]["name"] == "a castle in fog"


def test_every_field_of_the_seed_contract_reaches_the_model(ada: Asker, calls: Calls) -> None:
    job = ada.ask(r"castle in fog::1.2 | std\::vector::0.5", **EVERY_SDXL_OPTION)

    answer = ada.answer(job)

    [paid] = calls()
    body = {name: value for name, value in paid["body"].items() if name != "init_image"}
    assert body == {
        "text_prompts": [
            {"text": "castle in fog", "weight": 1.2},
            {"text": "std::vector", "weight": 0.5},
            {"text": "crowds", "weight": -1},
        ],
        "init_image_mode": "STEP_SCHEDULE",
        "step_schedule_start": 0.9,
        "step_schedule_end": 0.1,
        "cfg_scale": 11.5,
        "clip_guidance_preset": "FAST_BLUE",
        "sampler": "K_DPM_2_ANCESTRAL",
        "samples": 1,
        "seed": 4294967295,
        "steps": 50,
        "style_preset": "anime",
    }
    assert "4294967295" in words(answer)


def test_words_alone_make_a_picture_where_the_model_can(ada: Asker, calls: Calls) -> None:
    answer = ada.answer(ada.ask("a lighthouse", image=None, aspect="16:9"))

    [paid] = calls()
    assert paid["body"]["mode"] == "text-to-image"
    assert picture(answer).width > picture(answer).height


@pytest.mark.parametrize(
    ("model", "word", "side"),
    [
        ("sdxl", "[filtered]", "picture that was made"),
        ("sdxl", "[refused]", "prompt"),
        ("sd3.5-large", "[filtered]", "picture that was made"),
        ("sd3.5-large", "[filter-input]", "picture"),
        ("sd3.5-large", "[refused]", "prompt"),
    ],
)
def test_what_is_filtered_is_withheld_and_said_without_the_prompt(
    ada: Asker, calls: Calls, model: str, word: str, side: str
) -> None:
    answer = ada.answer(ada.ask(f"unspeakable {word}", model=model))

    assert media_of(answer) == []
    assert side in words(answer)
    assert "unspeakable" not in words(answer)
    assert len(calls()) == 1, "a filtered outcome is final"


@pytest.mark.parametrize(
    ("word", "told", "most_calls"),
    [
        ("[error]", "failed on this request", 2),
        ("[result-error]", "failed on this request", 2),
        ("[validation]", "not set up right", 1),
        ("[quota]", "reached its limit", 1),
        ("[timeout]", "took too long", 2),
        ("[model-error]", "failed on this request", 2),
        ("[internal]", "a fault of its own", 2),
        ("[garbage]", "not a picture", 2),
        ("[bad-base64]", "not a picture", 2),
        ("[not-a-picture]", "not a picture", 2),
        ("[no-images]", "not a picture", 2),
        ("[no-seed]", "not a picture", 2),
        ("[huge-picture]", "not a picture", 2),
        ("[drop]", "", 2),
        ("[drip]", "No whole answer", 2),
    ],
)
def test_each_failure_ends_in_words_of_its_own_and_pays_at_most_twice(
    ada: Asker, calls: Calls, word: str, told: str, most_calls: int
) -> None:
    answer = ada.answer(ada.ask(f"a castle {word}", model="sdxl"))

    assert media_of(answer) == []
    assert told in words(answer)
    assert 1 <= len(calls()) <= most_calls


@pytest.mark.parametrize("word", ["[throttle-once]", "[not-ready-once]", "[unavailable-once]", "[overloaded-once]"])
def test_a_busy_model_is_waited_for_and_paid_once(ada: Asker, calls: Calls, word: str) -> None:
    answer = ada.answer(ada.ask(f"a castle {word}"))

    assert len(media_of(answer)) == 1
    assert [call["billed"] for call in calls()] == [False, True]


def test_a_seed_given_as_a_numeric_string_is_read(ada: Asker) -> None:
    answer = ada.answer(ada.ask("a castle [seed-string]", model="sdxl", seed=77))

    assert "77" in words(answer)


def test_what_is_wrong_is_told_to_its_author_alone_and_nothing_is_queued(ada: Asker, calls: Calls) -> None:
    told = ada.private_words(ada.ask("castle::1.2", steps=20))

    assert "1.2" in told
    assert "SDXL 1.0" in told
    assert "steps" in told
    assert calls() == []


def test_a_file_that_is_no_picture_is_told_to_its_author_alone(ada: Asker, tmp_path: Path, calls: Calls) -> None:
    page = tmp_path / "picture.png"
    page.write_text("<html>not a picture</html>" * 10)

    told = ada.private_words(ada.ask("a castle", image=page))

    assert "PNG" in told
    assert calls() == []


def test_a_damaged_picture_fails_within_seconds_and_costs_nothing(ada: Asker, tmp_path: Path, calls: Calls) -> None:
    broken = tmp_path / "broken.jpg"
    Image.effect_noise((300, 200), 40).save(broken)
    broken.write_bytes(broken.read_bytes()[:3000])

    answer = ada.answer(ada.ask("a castle", image=broken))

    assert media_of(answer) == []
    assert "Attach it again" in words(answer)
    assert calls() == []


def test_a_french_user_is_answered_in_french(house: House, ada: Asker) -> None:
    ada.post("/control/users", {"name": "chloe", "locale": "fr"})
    chloe = Asker(house, "chloe")

    told = chloe.private_words(chloe.ask("château::1.2"))
    answer = chloe.answer(chloe.ask("un château [filtered]"))

    assert "poids" in told
    assert "filtre" in words(answer)


def test_inside_a_thread_the_answer_comes_there(ada: Asker) -> None:
    job = ada.ask("a castle")
    ada.answer(job)
    thread = ada.status(job)["thread"]["id"]

    ada.ask("a second castle", channel=thread)

    found = until(lambda: [m for m in ada.messages(thread) if media_of(m)][1:], "a second picture in the thread")
    assert media_of(found[0])[0]["description"] == "Picture changed by AI after the words “a second castle”"


def test_without_the_right_to_open_threads_the_channel_gets_the_answer_and_is_told_why(ada: Asker) -> None:
    channel = ada.post("/control/channels", {"name": "no-threads"})["id"]
    ada.put(f"/control/permissions/{channel}", {"allow": "0", "deny": str(1 << 35)})

    ada.ask("a castle", channel=channel)

    [reply] = until(lambda: [m for m in ada.messages(channel) if media_of(m)], "a picture in the channel")
    assert "thread" in words(reply)


def test_permissions_that_are_missing_are_named_before_anything_is_queued(ada: Asker, calls: Calls) -> None:
    channel = ada.post("/control/channels", {"name": "no-files"})["id"]
    ada.put(f"/control/permissions/{channel}", {"allow": "0", "deny": str(1 << 15)})

    told = ada.private_words(ada.ask("a castle", channel=channel))

    assert "Attach Files" in told
    assert calls() == []
