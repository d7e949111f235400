"""`/imagine` through the real bot, queue and worker: success, and every kind of failure."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from PIL import Image

from demo.http_client import download_bytes
from demo.stack import Stack
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS
from tests.support.message_text import read_text
from tests.support.user import DiscordUser, list_custom_ids, list_media, wait_until

CallLister = Callable[[], list[dict[str, Any]]]
EVERY_SDXL_OPTION: dict[str, Any] = {
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
    "extras": '{"unknown": {"nested": [1]}}',
}


def find_image(message: dict[str, Any]) -> Image.Image:
    [item] = list_media(message)
    opened: Image.Image = Image.open(io.BytesIO(download_bytes(item["media"]["url"])))
    return opened


def test_image_and_seed_are_posted_in_a_thread(ada: DiscordUser, list_calls: CallLister) -> None:
    job = ada.submit_imagine("a castle in fog", keep=60)

    answer = ada.wait_for_result(job)

    [paid] = list_calls()
    made = find_image(answer)
    assert str(paid["seed"]) in read_text(answer)
    assert paid["body"]["strength"] == 0.4
    assert list_media(answer)[0]["description"] == "Picture edited by AI with the prompt “a castle in fog”"
    assert json.loads(made.info["pentimento"])["seed"] == paid["seed"]
    assert set(made.info) <= {"parameters", "pentimento", "xmp", "XML:com.adobe.xmp"}
    assert b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia<" in made.info["xmp"]
    assert "@everyone" not in read_text(answer)
    done = wait_until(
        lambda: ada.wait_for_status(job) if answer["id"] in ada.read_status(job) else None,
        "the link to the result",
    )
    assert done["thread"]["name"] == "a castle in fog"
    assert list_media(done)[0]["description"] == list_media(answer)[0]["description"]
    preview = find_image(done)
    assert max(preview.size) == 512
    assert b"digitalsourcetype/compositeWithTrainedAlgorithmicMedia<" in preview.info["xmp"]
    assert list_custom_ids(done) == [f"regenerate:{job}", f"vary:{job}:strong", f"upscale:{job}"]


def test_every_field_of_the_seed_contract_reaches_the_model(ada: DiscordUser, list_calls: CallLister) -> None:
    job = ada.submit_sdxl(r"castle in fog::1.2 | std\::vector::0.5", **EVERY_SDXL_OPTION)

    answer = ada.wait_for_result(job)

    [paid] = list_calls()
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
        "extras": {"unknown": {"nested": [1]}},
    }
    assert "4294967295" in read_text(answer)


def test_weights_that_the_model_cannot_express_become_plain_words_and_the_result_says_so(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("castle in fog::1.2 | crowds::-0.8"))

    [paid] = list_calls()
    assert (paid["body"]["prompt"], paid["body"]["negative_prompt"]) == ("castle in fog", "crowds")
    assert "SD 3.5 Large can't weigh words" in read_text(answer)


def test_a_panorama_is_cropped_and_its_result_says_how_to_keep_all_of_it(ada: DiscordUser, tmp_path: Path) -> None:
    Image.new("RGB", (3000, 400), "teal").save(tmp_path / "panorama.png")

    result = ada.wait_for_result(ada.submit_imagine("a castle", image=tmp_path / "panorama.png"))

    text = read_text(result).replace("\\", "")
    assert "7.5:1, was cropped to" in text
    assert "set “fit” to add a border" in text


def test_a_prompt_alone_is_enough_if_the_model_supports_it(ada: DiscordUser, list_calls: CallLister) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a lighthouse", image=None, aspect="16:9"))

    [paid] = list_calls()
    assert paid["body"]["mode"] == "text-to-image"
    assert find_image(answer).width > find_image(answer).height


@pytest.mark.parametrize(
    ("command", "word", "side"),
    [
        ("sdxl", "[filtered]", "the safety filter of the model's provider held it back"),
        ("sdxl", "[refused]", "prompt"),
        ("imagine", "[filtered]", "the safety filter of the model's provider held it back"),
        ("imagine", "[filter-input]", "picture"),
        ("imagine", "[refused]", "prompt"),
    ],
)
def test_a_filtered_result_is_withheld_and_its_notice_omits_the_prompt(
    ada: DiscordUser, list_calls: CallLister, command: str, word: str, side: str
) -> None:
    job = ada.submit_imagine(f"unspeakable {word}", command=command)
    answer = ada.wait_for_result(job)

    assert "unspeakable" in ada.wait_for_private_text(job), "its author reads it alone"
    assert "unspeakable" not in str(ada.wait_for_status(job))
    assert list_media(answer) == []
    assert side in read_text(answer)
    assert "unspeakable" not in read_text(answer)
    assert len(list_calls()) == 1, "a filtered outcome is final"


def test_nobody_else_learns_the_prompt_of_a_refused_request(stack: Stack, ada: DiscordUser) -> None:
    ben = DiscordUser(stack, "ben")
    job = ada.submit_imagine("unspeakable [refused]")
    notice = ada.wait_for_result(job)
    ada.wait_for_private_text(job)  # the outcome is recorded by then

    for action in ("details", "edit", "regenerate"):
        assert "only the person who asked can read it" in ben.wait_for_private_text(ben.press_button(notice, action))
    search = ben.invoke_command("history", stack.channel_id, words="unspeakable", everyone=True)

    assert "unspeakable" in ada.wait_for_private_text(ada.press_button(notice, "details"))
    assert job not in str(ben.wait_for_private_message(search))


@pytest.mark.parametrize(
    ("word", "told", "most_calls"),
    [
        ("[error]", "failed on this request", 2),
        ("[result-error]", "failed on this request", 2),
        ("[validation]", "isn't set up correctly", 1),
        ("[quota]", "reached its limit", 1),
        ("[timeout]", "took too long", 2),
        ("[model-error]", "failed on this request", 2),
        ("[internal]", "had an error of its own", 2),
        ("[garbage]", "something that isn't a picture", 2),
        ("[bad-base64]", "something that isn't a picture", 2),
        ("[not-a-picture]", "something that isn't a picture", 2),
        ("[no-images]", "something that isn't a picture", 2),
        ("[huge-picture]", "something that isn't a picture", 2),
        ("[drop]", "", 2),
        ("[drip]", "No complete answer", 2),
    ],
)
def test_each_failure_has_its_own_message_and_is_billed_at_most_twice(
    ada: DiscordUser, list_calls: CallLister, word: str, told: str, most_calls: int
) -> None:
    answer = ada.wait_for_result(ada.submit_sdxl(f"a castle {word}"))

    assert list_media(answer) == []
    assert told in read_text(answer)
    assert 1 <= len(list_calls()) <= most_calls


@pytest.mark.parametrize("word", ["[throttle-once]", "[not-ready-once]", "[unavailable-once]", "[overloaded-once]"])
def test_a_busy_model_is_retried_and_billed_once(ada: DiscordUser, list_calls: CallLister, word: str) -> None:
    answer = ada.wait_for_result(ada.submit_imagine(f"a castle {word}"))

    assert len(list_media(answer)) == 1
    assert [call["billed"] for call in list_calls()] == [False, True]


def test_a_seed_in_the_form_of_a_numeric_string_is_parsed(ada: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_sdxl("a castle [seed-string]", seed=77))

    assert "77" in read_text(answer)


def test_problems_are_reported_in_private_and_nothing_is_queued(ada: DiscordUser, list_calls: CallLister) -> None:
    told = ada.wait_for_private_text(ada.submit_sdxl("castle::1.2.3", schedule_end=0.2))

    assert "1.2.3" in told
    assert "schedule\\_end" in told
    assert list_calls() == []


def test_sdxl_passes_extras_on_for_the_users_whom_the_operator_names(stack: Stack, list_calls: CallLister) -> None:
    ben = DiscordUser(stack, "ben")

    told = ben.wait_for_private_text(ben.submit_sdxl("a castle", extras='{"a": 1}'))

    assert "extras" in told
    assert list_calls() == []


def test_sdxl_generates_from_words_alone_and_its_buttons_go_on_with_it(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    first = ada.wait_for_result(ada.submit_sdxl("a castle::1.4", image=None, aspect="16:9", style="origami"))

    ada.wait_for_result_in_place(ada.press_button(first, "regenerate"))

    made, again = (call["body"] for call in list_calls())
    assert (made["width"] > made["height"], made["style_preset"]) == (True, "origami")
    assert again | {"seed": 0} == made | {"seed": 0}


def test_a_style_is_words_to_a_model_without_styles_and_the_result_says_so(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", style="anime"))

    [paid] = list_calls()
    assert paid["body"]["prompt"] == "a castle, anime style"
    assert "“anime style” was added to the prompt" in read_text(answer)


def test_a_file_that_is_not_an_image_is_rejected_in_private(
    ada: DiscordUser, tmp_path: Path, list_calls: CallLister
) -> None:
    page = tmp_path / "picture.png"
    page.write_text("<html>not a picture</html>" * 10)

    told = ada.wait_for_private_text(ada.submit_imagine("a castle", image=page))

    assert "PNG" in told
    assert list_calls() == []


def test_a_damaged_picture_is_told_to_its_author_alone_within_seconds_and_costs_nothing(
    stack: Stack, ada: DiscordUser, tmp_path: Path, list_calls: CallLister
) -> None:
    broken = tmp_path / "broken.jpg"
    Image.effect_noise((300, 200), 40).save(broken)
    broken.write_bytes(broken.read_bytes()[:3000])

    channel = ada.post("/control/channels", {"name": "damaged"})["id"]
    job = ada.submit_imagine("a castle", image=broken, channel=channel)

    assert "Attach it again" in ada.wait_for_private_text(job)
    wait_until(lambda: ada.get(f"/control/interactions/{job}")["message"].get("deleted"), "a status message deleted")
    assert DiscordUser(stack, "ben").list_messages(channel) == []
    assert all(found.get("parent_id") != channel for found in ada.get("/control/state")["channels"])
    assert list_calls() == []


def test_a_french_user_is_answered_in_french(stack: Stack, ada: DiscordUser) -> None:
    ada.post("/control/users", {"name": "chloe", "locale": "fr"})
    chloe = DiscordUser(stack, "chloe")

    told = chloe.wait_for_private_text(chloe.submit_imagine("château::1.2.3"))
    answer = chloe.wait_for_result(chloe.submit_imagine("un château [filtered]"))

    assert "attend un nombre" in told
    assert "filtre" in read_text(answer)


def test_a_request_inside_a_thread_gets_its_result_there(ada: DiscordUser) -> None:
    job = ada.submit_imagine("a castle")
    ada.wait_for_result(job)
    thread = ada.wait_for_status(job)["thread"]["id"]

    ada.submit_imagine("a second castle", channel=thread)

    found = wait_until(
        lambda: [m for m in ada.list_messages(thread) if list_media(m)][1:], "a second picture in the thread"
    )
    assert list_media(found[0])[0]["description"] == "Picture edited by AI with the prompt “a second castle”"


def test_without_permission_to_create_threads_the_result_and_the_reason_go_to_the_channel(ada: DiscordUser) -> None:
    channel = ada.post("/control/channels", {"name": "no-threads"})["id"]
    ada.put(f"/control/permissions/{channel}", {"allow": "0", "deny": str(1 << 35)})

    ada.submit_imagine("a castle", channel=channel)

    [reply] = wait_until(lambda: [m for m in ada.list_messages(channel) if list_media(m)], "a picture in the channel")
    assert "thread" in read_text(reply)


def test_missing_permissions_are_named_before_anything_is_queued(ada: DiscordUser, list_calls: CallLister) -> None:
    channel = ada.post("/control/channels", {"name": "no-files"})["id"]
    ada.put(f"/control/permissions/{channel}", {"allow": "0", "deny": str(1 << 15)})

    told = ada.wait_for_private_text(ada.submit_imagine("a castle", channel=channel))

    assert "Attach Files" in told
    assert list_calls() == []


def test_while_aws_refuses_to_run_the_default_model_another_one_takes_its_place(
    stack: Stack, ada: DiscordUser, list_calls: CallLister
) -> None:
    def list_models() -> list[str]:
        return [choice["name"] for choice in ada.autocomplete_option("", "model", stack.channel_id)]

    problem = make_problem("model_gone", model="SD 3.5 Large", until=int(time.time()) + 1500)
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set(DEFAULT_KEYS.disabled_model_key("sd3.5-large"), problem.model_dump_json())
        wait_until(lambda: "Stable Image Core (default) · $0.04" in list_models(), "another default model")
        refused = ada.wait_for_private_text(ada.submit_imagine("a castle"))
        ada.wait_for_result(ada.submit_imagine("a castle", image=None))
        client.delete(DEFAULT_KEYS.disabled_model_key("sd3.5-large"))
    wait_until(lambda: "SD 3.5 Large (default) · $0.08" in list_models(), "the default model again")

    assert "I try it again in 25 min" in refused, "no other model starts from a picture"
    assert [call["model"] for call in list_calls()] == ["stability.stable-image-core-v1:1"]
