"""Job ids, and jobs of another release."""

import pytest

from shared.job import Job, make_variant_id, parse_job_id
from shared.notes import make_note
from tests.support.builders import make_job


@pytest.mark.parametrize("job_id", ["1", "1300000000000000001", make_variant_id("1300000000000000001", 7)])
def test_the_id_of_a_job_or_of_a_variant_is_accepted(job_id: str) -> None:
    assert parse_job_id(job_id) == job_id


@pytest.mark.parametrize("text", ["", "x", "-1", "1-7", "1-007", "1\n", " 1", "1:2", "١", "9" * 21])
def test_any_other_text_is_not_a_job_id(text: str) -> None:
    assert parse_job_id(text) is None


def test_a_job_keeps_its_notes_and_one_of_an_earlier_release_has_none() -> None:
    noted = make_job(1).model_copy(update={"notes": (make_note("weights_left_out", model="SD 3.5 Large"),)})
    earlier = make_job(1).model_dump_json(exclude={"notes"})

    assert Job.model_validate_json(noted.model_dump_json()) == noted
    assert Job.model_validate_json(earlier).notes == ()
