"""The metadata of a result: how it was generated, for people and for machines, signed if the operator can."""

import logging
from dataclasses import dataclass

from shared.catalogue import Model
from shared.imaging.marks import embed_marks, has_content_credentials, remove_content_credentials
from shared.imaging.xmp import CREATOR_TOOL, Marks, SourceType
from shared.outcome import Credentials
from shared.request.model import Request
from shared.request.pictures import Pictures
from worker.call_result import GeneratedImage
from worker.png_metadata import build_png_text
from worker.signing import Ingredients, PictureSigner

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinishedPicture:
    """A result as it is delivered, and whose credentials it carries."""

    data: bytes
    credentials: Credentials | None = None


def finish_picture(
    result: GeneratedImage,
    request: Request,
    model: Model,
    signer: PictureSigner | None,
    pictures: Pictures,
    source_archive: bytes | None = None,
    job_id: str | None = None,
) -> FinishedPicture:
    """Write the marks into a result, and sign it if there is a signer.

    A result that carries the model's own credentials is returned as it is, for any change would break them, unless it
    can be an ingredient of a manifest of ours. `pictures` are those that the model was given, `source_archive` is the
    source as an ingredient with its own credentials. A picture that was paid for is never lost for a mark or a
    signature: without them, it is returned all the same, and logged.
    """
    is_signed = has_content_credentials(result.data)
    if is_signed:
        unsigned = FinishedPicture(result.data, Credentials.MODEL)
    else:
        unsigned = FinishedPicture(embed_metadata(result.data, request, model, result.seed, job_id))
    if signer is None:
        return unsigned
    ingredients = Ingredients(pictures.source, source_archive, pictures.style, result.data if is_signed else None)
    source_type = SourceType.choose(has_picture=request.has_picture)
    try:
        marked = unsigned.data
        if is_signed:
            bare = remove_content_credentials(result.data)
            marked = embed_metadata(bare, request, model, result.seed, job_id)
        signed = signer.sign(marked, result.media_type, model.name, source_type, ingredients)
    except Exception:  # the library's errors, or any that it lets through: the picture matters more
        log.exception("job %s: its picture cannot be signed", job_id)
        return unsigned
    return FinishedPicture(signed, Credentials.OWN)


def embed_metadata(data: bytes, request: Request, model: Model, seed: int | None, job_id: str | None = None) -> bytes:
    """Write the marks and the parameters into a PNG, JPEG or WebP; one of another type is returned as it is.

    So is one that cannot be marked, which is logged.
    """
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
