"""The metadata of a result: how it was generated, for people and for machines."""

import logging

from shared.catalogue import Model
from shared.imaging.marks import embed_marks, has_content_credentials
from shared.imaging.xmp import CREATOR_TOOL, Marks, SourceType
from shared.request.model import Request
from worker.png_metadata import build_png_text

log = logging.getLogger(__name__)


def embed_metadata(data: bytes, request: Request, model: Model, seed: int | None, job_id: str | None = None) -> bytes:
    """Write the marks and the parameters into a PNG, JPEG or WebP; one of another type is returned as it is.

    So is one that carries signed content credentials, which any changed byte would break; they say the same. A picture
    that was paid for is never lost for a mark: one that cannot be marked is returned as it is, and logged.
    """
    if has_content_credentials(data):
        return data
    text = build_png_text(request, model, seed, job_id)
    marks = Marks(
        source_type=SourceType.choose(has_picture=request.has_picture),
        creator_tool=CREATOR_TOOL,
        model=model.name,
        parameters=text["parameters"],
        settings=text["pentimento"],
    )
    try:
        return embed_marks(data, marks, text)
    except ValueError as error:
        log.warning("job %s: its picture goes out without marks: %s", job_id, error)
        return data
