"""Job ids, and jobs of another release."""

import pytest

from bot.interactions.result_buttons import DetailsId
from shared.job import Job, list_choice_ids, make_retry_id, make_variant_id, parse_exploration_id, parse_job_id
from shared.notes import make_note
from tests.support.builders import make_job

SNOWFLAKE = "1300000000000000001"
NONCE_LIMIT = 25  # https://discord.com/developers/docs/resources/message#create-message
OLD_RETRY_IDS = [f"{SNOWFLAKE}-r1", f"{make_variant_id(SNOWFLAKE, 7)}-r2"]
"""Of dead letters that 0.1.0 has retried."""


@pytest.mark.parametrize(
    "job_id", ["1", SNOWFLAKE, make_variant_id(SNOWFLAKE, 7), make_retry_id(1_796_000_000.5, 2**22 - 1), *OLD_RETRY_IDS]
)
def test_the_id_of_a_job_a_variant_or_a_retry_is_accepted(job_id: str) -> None:
    assert parse_job_id(job_id) == job_id
    assert DetailsId.parse(str(DetailsId(job_id))) == DetailsId(job_id)
    assert len(job_id) <= NONCE_LIMIT


def test_a_job_is_written_for_the_queue_without_the_fields_that_have_no_value_of_their_own() -> None:
    job = make_job(1)
    job = job.model_copy(update={"seed": None, "request": job.request.model_copy(update={"keep": 0.0})})

    text = job.to_json()

    assert Job.model_validate_json(text) == job
    assert '"seed":null' in text, "0.1.0 reads no job without it"
    assert '"keep":0.0' in text
    assert "cfg_scale" not in text


def test_a_retry_has_a_snowflake_of_its_time() -> None:
    first, second = (make_retry_id(1_796_000_000.5, bits) for bits in (0, 2**22 - 1))

    assert first != second
    assert {int(job_id) >> 22 for job_id in (first, second)} == {1_796_000_000_500 - 1_420_070_400_000}


@pytest.mark.parametrize("job_id", [SNOWFLAKE, make_retry_id(1_796_000_000, 1), *OLD_RETRY_IDS])
def test_only_the_variants_of_an_exploration_belong_to_one(job_id: str) -> None:
    job = make_job(1)

    assert job.model_copy(update={"id": job_id}).exploration_id is None
    assert job.model_copy(update={"id": make_variant_id(SNOWFLAKE, 7)}).exploration_id == SNOWFLAKE


@pytest.mark.parametrize("text", ["", "x", "-1", "1-7", "1-0007", "1\n", " 1", "1:2", "١", "9" * 21])
def test_any_other_text_is_not_a_job_id(text: str) -> None:
    assert parse_job_id(text) is None


def test_a_job_keeps_its_notes_and_one_of_an_earlier_release_has_none() -> None:
    noted = make_job(1).model_copy(update={"notes": (make_note("weights_left_out", model="SD 3.5 Large"),)})
    earlier = make_job(1).model_dump_json(exclude={"notes"})

    assert Job.model_validate_json(noted.model_dump_json()) == noted
    assert Job.model_validate_json(earlier).notes == ()


def test_what_is_made_once_of_a_variant_is_no_variant_and_fits_the_database() -> None:
    first, *more = list_choice_ids("1576784464862666812-02")

    assert first == "1576784464862666812-02"
    for job_id in more:
        assert parse_job_id(job_id) == job_id
        assert parse_exploration_id(job_id) is None
        assert len(job_id) <= 25
