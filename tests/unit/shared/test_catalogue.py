"""The table of models and the operator's file that overrides it."""

from datetime import date

import pytest

from shared.catalogue import load_catalogue
from tests.support.catalogues import SDXL_OFFERED

CATALOGUE = load_catalogue()
GENERATORS = ("sd3.5-large", "stable-image-core", "stable-image-ultra")


def test_an_operators_file_overrides_single_values() -> None:
    catalogue = load_catalogue(
        '[models.sdxl]\nid = "arn:aws:bedrock:eu-west-1:1:provisioned-model/x"\nprice_usd = 0.05\n'
        "[models.sdxl.fields.steps]\nmaximum = 40\n"
    )

    assert catalogue.models["sdxl"].id.startswith("arn:")
    assert catalogue.models["sdxl"].price_usd == 0.05
    assert catalogue.models["sdxl"].fields["steps"].maximum == 40
    assert catalogue.models["sdxl"].fields["steps"].minimum == 10


@pytest.mark.parametrize(
    "toml",
    ['default = "none"', "[models.sdxl]\nprize = 1", '[models.x]\nname = "X"', "[models.sdxl]\nprice_usd = -1"],
)
def test_an_invalid_file_is_rejected_naming_the_field(toml: str) -> None:
    with pytest.raises(ValueError, match=r"default|prize|models|price"):
        load_catalogue(toml)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('default = "fast-upscale"', "no offered model that generates"),
        ('[models."fast-upscale"]\ntask = "generate"', "a model that generates needs a prompt"),
        ('[models."fast-upscale"]\npicture = "optional"', "an upscaler needs a picture"),
        ('[models.inpaint]\npicture = "none"', "a model that edits needs a picture"),
        ('[models.sdxl]\noperation = "erase"', "a model that edits needs an operation"),
        ("[models.sdxl]\nsizes = []", "needs sizes or bounds"),
        ('[models.sdxl.fields.init_image_mode]\nchoices = ["STEP_SCHEDULE"]', "keep works in the mode IMAGE_STRENGTH"),
    ],
)
def test_a_row_that_contradicts_itself_is_rejected(toml: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_catalogue(toml)


def test_an_operator_may_withdraw_upscalers_and_change_their_rows() -> None:
    catalogue = load_catalogue(
        '[models."fast-upscale"]\noffered = false\n[models."creative-upscale"]\noffered = false\n'
        '[models."conservative-upscale"]\nprice_usd = 0.25\n'
        'regions = ["us-east-1"]\n[models."conservative-upscale".bounds]\nmax_side = 2000\n'
    )

    (row,) = catalogue.upscale_models
    assert (row.price_usd, row.regions) == (0.25, ("us-east-1",))
    assert row.bounds
    assert (row.bounds.max_side, row.bounds.min_side) == (2000, 64)
    assert [model.key for model in catalogue.generation_models] == [model.key for model in CATALOGUE.generation_models]


def test_models_are_offered_until_their_end_of_life_unless_the_operator_says_otherwise() -> None:
    plain, forced = load_catalogue(), load_catalogue(SDXL_OFFERED)
    ending = load_catalogue('[models."sd3.5-large"]\nend_of_life = 2026-12-01')

    assert [m.key for m in plain.models_for_task("generate")] == [
        *("sd3.5-large", "stable-image-core", "stable-image-ultra")
    ]
    assert forced.is_offered(forced.models["sdxl"])
    assert "sdxl" not in {m.key for m in forced.generation_models}, "it has a command of its own"
    ending.set_clock(lambda: date(2026, 11, 30))
    assert ending.default_model.key == "sd3.5-large"
    ending.set_clock(lambda: date(2026, 12, 1))
    assert ending.default_model.key == "stable-image-core"
    assert ending.pick_picture_model("sd3.5-large") is None


def test_a_copy_has_an_offer_of_its_own() -> None:
    catalogue = load_catalogue()
    before = catalogue.models_for_task("generate")

    fewer = catalogue.exclude_models(["sd3.5-large"])
    dearer = catalogue.add_check_price(1.0)

    assert "sd3.5-large" not in {model.key for model in fewer.models_for_task("generate")}
    assert [model.price_usd > 1 for model in dearer.models_for_task("generate")] == [True] * len(before)
    assert catalogue.models_for_task("generate") == before


def test_a_model_that_aws_refuses_to_run_is_replaced_where_another_one_would_do() -> None:
    catalogue = load_catalogue()

    catalogue.set_withdrawn(["sd3.5-large", "fast-upscale"])

    assert catalogue.default_model.key == "stable-image-core"
    reader = catalogue.pick_picture_model("")
    assert reader is not None
    assert reader.key == "sd3.5-large", "no other one reads pictures"
    assert [model.key for model in catalogue.upscale_models] == [
        "fast-upscale",
        "conservative-upscale",
        "creative-upscale",
    ]
    catalogue.set_withdrawn([])
    assert catalogue.default_model.key == "sd3.5-large"


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('default = "sdxl"\n[models.sdxl]\noffered = true', "which /sdxl offers"),
        ('default = "sdxl"\n[models.sdxl]\ncommand = "imagine"\noffered = false', "no offered model"),
        ("\n".join(f'[models."{key}"]\nend_of_life = 2020-01-01' for key in GENERATORS), "have ended"),
    ],
)
def test_a_catalogue_whose_default_nobody_can_use_is_rejected(toml: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_catalogue(toml)


def test_a_models_key_must_fit_in_a_custom_id() -> None:
    with pytest.raises(ValueError, match="key"):
        load_catalogue('[models."my model"]\nid = "m"')
