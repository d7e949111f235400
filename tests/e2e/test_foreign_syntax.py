"""Prompts that are written for other image tools, through the real bot, queue and worker."""

from collections.abc import Callable
from typing import Any

from demo.first_picture import iter_message_texts
from demo.stack import Stack
from tests.support.exploration import invoke_explore, wait_for_exploration_end
from tests.support.followups import list_followups
from tests.support.user import DiscordUser, list_media, wait_until

CallLister = Callable[[], list[dict[str, Any]]]


def read_text(message: dict[str, Any]) -> str:
    return "\n".join(iter_message_texts(message)).replace("\\", "")


def test_parameters_of_midjourney_become_options_and_the_result_says_so(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a cat --ar 16:9 --no hands", image=None))

    [paid] = list_calls()
    assert paid["body"]["prompt"] == "a cat"
    assert paid["body"]["negative_prompt"] == "hands"
    assert paid["body"]["aspect_ratio"] == "16:9"
    assert "Read from the prompt: --ar 16:9 --no hands" in read_text(answer)


def test_what_has_no_equal_is_asked_about_in_private_and_one_press_goes_on_without_it(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    asked = ada.submit_imagine("a dog —ar 16:9 --weird 250", image=None)
    question = ada.wait_for_private_message(asked)
    assert "“--weird 250” does nothing here. To compare different versions, use /explore." in read_text(question)
    assert list_calls() == []

    result = ada.wait_for_chosen_result(ada.press_button(question, "syntax_without"))
    again = ada.use_forged_component(question, f"syntax_words:{asked}")

    wait_until(lambda: list_followups(ada, again), "a private followup")
    assert "already" in read_text(list_followups(ada, again)[0])
    [paid] = list_calls()
    assert (paid["body"]["prompt"], paid["body"]["aspect_ratio"]) == ("a dog", "16:9")
    assert list_media(result)


def test_the_form_of_a_result_reads_a_changed_prompt_and_its_parameters_replace_the_fields_left_as_they_were(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a fox", keep=60, seed=7))

    edited = ada.submit_modal(ada.press_button(first, "edit"), prompt="a fox --seed 9 --iw 3 --no snow")

    ada.wait_for_result_in_place(edited)
    _, paid = list_calls()
    assert (paid["body"]["prompt"], paid["body"]["negative_prompt"]) == ("a fox", "snow")
    assert (paid["seed"], paid["body"]["strength"]) == (9, 0.1)


def test_explore_names_what_it_leaves_out_above_the_price(ada: DiscordUser) -> None:
    question = read_text(invoke_explore(ada, "a lake (calm:1.2) --chaos 30 --ar 16:9 --no boats", vary="seeds"))

    assert question.index("“--chaos 30” does nothing here.") < question.index("$0.32")
    assert "“--ar 16:9” is the option “aspect” here, and it doesn't fit this request:" in question
    assert "Read from the prompt: --no boats" in question
    assert "“a lake calm | boats::-1”" in question


def test_repeat_is_the_option_count_also_when_one_press_goes_on_without_the_rest(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    wait_for_exploration_end(ada, ada.submit_imagine("an owl --repeat 2", image=None))
    asked = ada.submit_imagine("an elk --r 2 --tile", image=None)
    ada.press_button(ada.wait_for_private_message(asked), "syntax_without")
    wait_for_exploration_end(ada, asked)

    assert sorted(call["body"]["prompt"] for call in list_calls()) == ["an elk", "an elk", "an owl", "an owl"]


def test_weights_in_brackets_reach_a_model_that_has_weights(
    ada: DiscordUser, stack: Stack, list_calls: CallLister
) -> None:
    used = ada.invoke_command("sdxl", stack.channel_id, prompt="(fog:1.3), a castle --no boats")

    result = ada.wait_for_result(used)
    [paid] = list_calls()
    assert paid["body"]["text_prompts"] == [
        {"text": "fog", "weight": 1.3},
        {"text": "a castle", "weight": 1},
        {"text": "boats", "weight": -1},
    ]
    assert "Weights in brackets became “::” weights." in read_text(result)
