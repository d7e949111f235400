"""Job ids."""

import pytest

from shared.job import make_variant_id, parse_job_id


@pytest.mark.parametrize("job_id", ["1", "1300000000000000001", make_variant_id("1300000000000000001", 7)])
def test_the_id_of_a_job_or_of_a_variant_is_accepted(job_id: str) -> None:
    assert parse_job_id(job_id) == job_id


@pytest.mark.parametrize("text", ["", "x", "-1", "1-7", "1-007", "1\n", " 1", "1:2", "١", "9" * 21])
def test_any_other_text_is_not_a_job_id(text: str) -> None:
    assert parse_job_id(text) is None
