"""Requests from prompts that are written for another image tool."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.submission.foreign_syntax import ForeignRequestBuilder, UnsupportedSyntaxError, find_nearest_ratio, read_count
from shared.catalogue import load_catalogue
from shared.notes import make_note
from shared.problems import RejectedError, make_problem
from shared.prompts import TextPrompt
from shared.request.builder import build_request
from shared.request.model import BuiltRequest

CATALOGUE = load_catalogue()
DISCORD = "https://cdn.discordapp.com/attachments/1/2/a.png"


def build(prompt: str, *, has_picture: bool = False, source_link: str | None = None, **options: Any) -> BuiltRequest:
    def build_plain(values: Mapping[str, Any]) -> BuiltRequest:
        return build_request(CATALOGUE, has_picture=has_picture, **values)

    builder = ForeignRequestBuilder(build_plain, CATALOGUE, lambda link: link.startswith(DISCORD[:25]), source_link)
    return builder.build_request({"prompt": prompt, **options})


def reject(prompt: str, **options: Any) -> UnsupportedSyntaxError:
    with pytest.raises(UnsupportedSyntaxError) as rejection:
        build(prompt, **options)
    return rejection.value


def list_codes(error: RejectedError) -> list[str]:
    return [problem.code for problem in error.problems]


def test_parameters_fill_the_options_that_they_stand_for() -> None:
    built = build("a cat --ar 16:9 --no hands, people --seed 5")

    assert built.request.aspect_ratio == "16:9"
    assert built.request.seed == 5
    assert built.request.format_unweighted_prompts() == ("a cat", "hands, people")
    assert built.notes == (make_note("parameters_read", parameters="--ar 16:9 --no hands, people --seed 5"),)


def test_an_image_weight_is_how_much_of_the_picture_is_kept() -> None:
    assert build("a cat --iw 2", has_picture=True).request.keep == 62


def test_a_typed_option_takes_precedence_and_things_to_avoid_are_added_up() -> None:
    built = build("a cat --seed 5 --no hands", seed=7, negative="fog")

    assert built.request.seed == 7
    assert built.request.format_unweighted_prompts() == ("a cat", "fog, hands")
    assert built.notes == (
        make_note("parameters_read", parameters="--no hands"),
        make_note("option_preferred", parameter="--seed 5", field="seed"),
    )


def test_an_aspect_ratio_becomes_the_nearest_one_that_the_model_makes() -> None:
    built = build("a cat --ar 4:3")

    assert built.request.aspect_ratio == "5:4"
    assert built.notes == (make_note("aspect_nearest", parameter="--ar 4:3", value="5:4", model="SD 3.5 Large"),)
    assert list_codes(reject("a cat --ar 1:9")) == ["parameter_aspect"]


@pytest.mark.parametrize(
    ("ratio", "nearest"),
    [
        ("16:9", "16:9"),
        ("32:18", "16:9"),
        ("1.91:1", "16:9"),
        ("2:1", "16:9"),
        ("3:4", "4:5"),
        ("3:1", None),
        ("1:50", None),
    ],
)
def test_the_nearest_aspect_ratio_is_near(ratio: str, nearest: str | None) -> None:
    assert find_nearest_ratio(ratio, CATALOGUE.models["sd3.5-large"]) == nearest


def test_an_option_that_does_not_fit_the_request_is_named_with_the_reason() -> None:
    assert list_codes(reject("a cat --iw 2")) == ["parameter_refused", "picture_only_option"]
    assert list_codes(reject("a cat --ar 1:1", has_picture=True)) == ["parameter_refused", "text_only_option"]
    assert list_codes(reject("a cat --seed 99999999999")) == ["parameter_refused", "out_of_range"]


def test_the_requester_may_go_on_without_what_has_no_equal_or_with_the_words() -> None:
    error = reject("a cat --weird 5 --ar 16:9")

    assert error.problems == (make_problem("parameter_variety", parameter="--weird 5"),)
    assert error.without.request.text_prompts == (TextPrompt(text="a cat"),)
    assert error.without.request.aspect_ratio == "16:9"
    assert error.literal is not None
    assert error.literal.request.text_prompts == (TextPrompt(text="a cat --weird 5 --ar 16:9"),)
    assert error.literal.request.aspect_ratio is None


def test_words_that_are_no_valid_prompt_are_not_offered() -> None:
    assert reject("a cat --sref 5::1.2.3").literal is None


def test_problems_of_the_prompt_itself_come_first() -> None:
    with pytest.raises(RejectedError) as rejection:
        build("--weird 5")

    assert not isinstance(rejection.value, UnsupportedSyntaxError)
    assert list_codes(rejection.value) == ["prompt_empty", "parameter_variety"]


def test_more_pictures_than_one_are_never_made_in_silence() -> None:
    assert list_codes(reject("a cat --repeat 4")) == ["parameter_count"]
    assert build("a cat --repeat 1").request.text_prompts == (TextPrompt(text="a cat"),)


def test_a_number_of_pictures_is_read_where_there_is_such_an_option_and_a_typed_one_takes_precedence() -> None:
    assert read_count("a cat --repeat 4") == 4
    assert build("a cat --repeat 4", count=None).notes == (make_note("parameters_read", parameters="--repeat 4"),)
    assert build("a cat --repeat 4", count=2).notes == (
        make_note("option_preferred", parameter="--repeat 4", field="count"),
    )


def test_weights_in_brackets_are_weights_where_the_model_has_them() -> None:
    weighted = build("(fog:1.3), a castle", model="sdxl")
    plain = build("(fog:1.3), a castle")

    assert [(part.text, part.weight) for part in weighted.request.text_prompts] == [("fog", 1.3), ("a castle", 1.0)]
    assert [note.code for note in weighted.notes] == ["emphasis_weighed"]
    assert plain.request.format_unweighted_prompts() == ("fog, a castle", "")
    assert [note.code for note in plain.notes] == ["weights_left_out"]


def test_brackets_among_the_things_to_avoid_become_words() -> None:
    assert build("a cat", negative="(blurry:1.4), fog").request.format_unweighted_prompts() == ("a cat", "blurry, fog")


def test_the_link_to_the_picture_is_used_and_others_are_named() -> None:
    used = build(f"{DISCORD} a cat", has_picture=True, source_link=DISCORD)

    assert used.request.text_prompts == (TextPrompt(text="a cat"),)
    assert [note.code for note in used.notes] == ["link_used"]
    assert list_codes(reject("https://example.org/a.png a cat")) == ["link_host"]
    two = reject(f"{DISCORD} {DISCORD}?2 a cat", has_picture=True, source_link=DISCORD)
    assert list_codes(two) == ["link_unused"]
    assert two.literal is not None
    assert two.literal.request.text_prompts[0].text.endswith("?2 a cat")
