"""The table of models and the operator's file that overrides it."""

import pytest

from shared.catalogue import load_catalogue

CATALOGUE = load_catalogue()


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
        ("[models.sdxl]\nsizes = []", "needs sizes or bounds"),
        ('[models.sdxl.fields.init_image_mode]\nchoices = ["STEP_SCHEDULE"]', "keep works in the mode IMAGE_STRENGTH"),
    ],
)
def test_a_row_that_contradicts_itself_is_rejected(toml: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_catalogue(toml)


def test_an_operator_may_withdraw_upscalers_and_change_their_rows() -> None:
    catalogue = load_catalogue(
        '[models."fast-upscale"]\noffered = false\n[models."conservative-upscale"]\nprice_usd = 0.25\n'
        'regions = ["us-east-1"]\n[models."conservative-upscale".bounds]\nmax_side = 2000\n'
    )

    (row,) = catalogue.upscale_models
    assert (row.price_usd, row.regions) == (0.25, ("us-east-1",))
    assert row.bounds
    assert (row.bounds.max_side, row.bounds.min_side) == (2000, 64)
    assert [model.key for model in catalogue.generation_models] == [model.key for model in CATALOGUE.generation_models]


def test_a_models_key_must_fit_in_a_custom_id() -> None:
    with pytest.raises(ValueError, match="key"):
        load_catalogue('[models."my model"]\nid = "m"')
