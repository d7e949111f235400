"""Edits: their pictures, and the options of each operation."""

import io
from typing import Any

import pytest
from PIL import Image

from bot.domain.draft import Draft
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.mask_shapes import parse_mask_shapes
from bot.domain.owners import Owner
from bot.domain.style_sets import StyleSet
from bot.domain.teams import Team, TeamChoice
from bot.features.editing.editor import EditInput, Editor
from bot.features.editing.options import EDIT_OPTIONS, parse_style_set_choice
from bot.images.edit_pictures import build_masked_pictures, build_styled_pictures
from bot.submission.job_queuer import JobDetails
from bot.submission.style_set_option import StyleSetOption
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.imaging.masks import read_mask
from shared.models import Operation
from shared.problems import RejectedError
from shared.request.bundles import unpack_pictures
from tests.support.commands import UNUSED
from tests.support.images import encode_image
from tests.support.members import make_interaction

SOURCE = RemoteImage("https://cdn.discordapp.com/attachments/1/2/a.png", 9)
PICTURE = encode_image(Image.new("RGB", (300, 200), "teal"), "PNG")


class FakeStyleSets:
    """One set of one picture."""

    async def list_style_sets(self, owner: Owner) -> list[StyleSet]:
        del owner
        return [StyleSet(id="1", name="Oils", guild_id=0, picture_count=1)]

    async def load_pictures(self, style_set_id: str) -> list[bytes]:
        del style_set_id
        return [PICTURE]


def make_editor() -> Editor:
    validator = RequestValidator(load_catalogue(), {"cdn.discordapp.com"}, 10**6)
    option = StyleSetOption(FakeStyleSets())
    return Editor(validator, UNUSED, UNUSED, UNUSED, UNUSED, option, validator.catalogue)


async def build_input(
    operation: Operation, *, image: RemoteImage | None = None, team: Team | None = None, **inputs: Any
) -> EditInput:
    choice = TeamChoice() if team is None else TeamChoice(team.role_id, team)
    editor, interaction = make_editor(), await make_interaction(role_ids=[choice.role_id], team_choice=choice)
    model = editor.require_model(interaction, operation)
    return await editor.build_input(
        interaction, model, image, {"prompt": "a fox"} if model.requires_prompt else {}, JobDetails(), **inputs
    )


@pytest.mark.parametrize(
    ("inputs", "locked", "is_of_team"),
    [
        ({}, False, True),
        ({"style_picture": SOURCE}, False, False),
        ({"style_picture": SOURCE}, True, True),
    ],
)
async def test_a_team_has_a_style_set_of_its_own_which_it_may_lock(
    inputs: dict[str, Any], locked: bool, is_of_team: bool
) -> None:
    team = Team(7, 1, "Makers", defaults={"style_set": "Oils"}, locked=frozenset({"style_set"} if locked else ()))

    edit = await build_input("restyle", image=SOURCE, team=team, **inputs)

    assert isinstance(edit.style, StoredImage) == is_of_team
    assert ("style_of_set" in [note.code for note in edit.built.notes]) == is_of_team


def test_a_region_in_words_becomes_a_mask_beside_the_untouched_source() -> None:
    edit = build_masked_pictures(PICTURE, parse_mask_shapes("left half"), None)

    pictures = unpack_pictures(edit.image.data)
    assert pictures.source == PICTURE
    assert edit.image.picture == PICTURE
    assert edit.size == (300, 200)
    mask = read_mask(pictures.mask or b"")
    assert mask.crop((0, 0, mask.width // 2, 1)).getextrema() == (255, 255)
    assert mask.crop((mask.width // 2, 0, mask.width, 1)).getextrema() == (0, 0)
    with Image.open(io.BytesIO(edit.preview)) as preview:
        assert (preview.format, preview.size) == ("JPEG", (300, 200))


def test_the_transparent_part_is_the_region_where_none_is_given() -> None:
    image = Image.new("RGBA", (64, 64), "teal")
    image.paste((0, 0, 0, 0), (0, 0, 32, 64))

    edit = build_masked_pictures(encode_image(image, "PNG"), None, None)

    mask = read_mask(unpack_pictures(edit.image.data).mask or b"")
    assert (mask.crop((0, 0, 32, 64)).getextrema(), mask.crop((32, 0, 64, 64)).getextrema()) == ((255, 255), (0, 0))


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (None, "mask_not_transparent"),
        (encode_image(Image.new("L", (9, 9), 0), "PNG"), "picture_too_small"),
        (encode_image(Image.new("L", (90, 90), 0), "PNG"), "mask_empty"),
        (encode_image(Image.new("L", (90, 90), 255), "PNG"), "mask_full"),
        (b"no picture", "picture_unsupported_type"),
    ],
)
def test_a_mask_that_marks_nothing_or_everything_or_is_no_picture_is_refused(mask: bytes | None, code: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        build_masked_pictures(PICTURE, None, mask)
    assert [problem.code for problem in rejected.value.problems] == [code]


def test_the_style_travels_with_the_source() -> None:
    style = encode_image(Image.new("RGB", (80, 80), "red"), "PNG")

    edit = build_styled_pictures(PICTURE, style, ("yours", "the style"))

    pictures = unpack_pictures(edit.image.data)
    assert (pictures.source, pictures.mask, pictures.style) == (PICTURE, None, style)


def test_the_preview_shows_pictures_of_every_type_that_requests_accept() -> None:
    source, style = (encode_image(Image.new("RGB", (300, 200), "red"), kind) for kind in ("GIF", "PNG"))

    previews = [build_styled_pictures(picture, style, ("yours", "the style")).preview for picture in (source, style)]

    assert len(set(previews)) == 1


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Oils", ("Oils", None)),
        ("Oils #2", ("Oils", 2)),
        ("Oils # 12", ("Oils", 12)),
        ("C#", ("C#", None)),
        ("a#b", ("a#b", None)),
    ],
)
def test_a_picture_of_a_style_set_is_chosen_by_its_number(text: str, choice: tuple[str, int | None]) -> None:
    assert parse_style_set_choice(text) == choice


def test_every_operation_has_a_model_whose_options_it_shows() -> None:
    catalogue = load_catalogue()
    own = {"image", "source", "spoiler", "region", "mask", "style_picture", "style_set", "negative", "style_preset"}
    for operation, names in EDIT_OPTIONS.items():
        model = catalogue.find_edit_model(operation)
        assert model is not None
        missing = set(model.fields) - {*names, "style_preset"}
        assert not missing, f"{operation} does not show {missing}"
        assert set(names) - own <= {*model.fields, "seed", "output_format"}, operation


@pytest.mark.parametrize(
    ("operation", "inputs", "code"),
    [
        ("erase", {"region": "centre"}, "edit_picture_required"),
        ("background", {}, "edit_picture_required"),
        ("style", {"image": SOURCE, "style_set": "oils"}, "mask_conflict"),
        ("restyle", {"image": SOURCE, "style_set": "oils", "style_picture": SOURCE}, "mask_conflict"),
        ("restyle", {"image": SOURCE, "style_set": "oils #3"}, "style_picture_unknown"),
        ("erase", {"image": SOURCE, "region": "centre", "mask": SOURCE}, "mask_conflict"),
    ],
)
async def test_an_edit_without_a_picture_or_with_two_for_one_purpose_is_refused(
    operation: Operation, inputs: dict[str, Any], code: str
) -> None:
    with pytest.raises(RejectedError) as rejected:
        await build_input(operation, **inputs)
    assert [problem.code for problem in rejected.value.problems] == [code]


async def test_a_picture_of_a_set_is_what_a_style_starts_from() -> None:
    edit = await build_input("style", style_set="oils #1")

    assert isinstance(edit.image, StoredImage)
    assert (edit.image.data, edit.style) == (PICTURE, None)
    assert [note.code for note in edit.built.notes] == ["style_of_set"]


async def test_only_a_masked_edit_has_a_region_to_change() -> None:
    edit = await build_input("restyle", image=SOURCE, style_set="oils")
    stored = StoredImage("0" * 64, PICTURE)
    draft = Draft(1, (), source_sha256=stored.sha256, built=edit.built)

    with pytest.raises(RejectedError) as rejected:
        await make_editor().render_other_region(await make_interaction(), draft, stored, "centre", None)
    assert [problem.code for problem in rejected.value.problems] == ["draft_expired"]
