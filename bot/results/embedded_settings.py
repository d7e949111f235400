"""Reading generation settings from the metadata of a picture."""

import json

from bot.domain.records import GenerationSettings
from shared.imaging.marks import read_marks
from shared.job import parse_job_id
from shared.request.model import Request


def parse_embedded_settings(data: bytes) -> GenerationSettings | None:
    """Parse the settings that the worker wrote into a picture. None where there are none, or none that are valid.

    Anyone may have written them, so they prove nothing and are validated like any other request.
    """
    try:
        metadata = json.loads(read_marks(data).settings)
        job_id, seed = parse_job_id(str(metadata["job"])), metadata["seed"]
        if job_id is None:
            return None
        request = Request.model_validate_json(Request.model_validate(metadata["request"]).model_dump_json())
        return GenerationSettings(job_id, request, None if seed is None else int(seed))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
