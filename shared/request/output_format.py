"""Whether the picture that a request asks for fits into a response of Bedrock.

Bedrock refuses a longer response, after the picture was made: so a format that cannot fit is not asked for. Of the
formats only PNG is lossless, and weighs several times as much as the others.
"""

from collections.abc import Callable
from typing import Final

from shared.catalogue import Model, Size
from shared.problems import RejectedError, make_problem
from shared.request.model import Request
from shared.request.output_size import compute_extended_size

MAX_RESPONSE_BYTES: Final = 16_777_216
"""Bytes of a response's body. The 25,000,000 of the service model are the limit of a request."""

MAX_PICTURE_BYTES: Final = (MAX_RESPONSE_BYTES - 1000) * 3 // 4
"""Bytes of a picture that fits in base64, beside the rest of the JSON."""

_MIB: Final = 1 << 20
_PNG: Final = "png"


def fit_output_format(request: Request, model: Model, get_source_size: Callable[[], Size]) -> Request:
    """Replace PNG, if it is the model's default and cannot fit, by the model's next format.

    `get_source_size` gives the size of the picture that is sent, (0, 0) without one. Raises `RejectedError`
    (format_too_large) if the person chose PNG.
    """
    if model.largest_png is None or request.resolve_value("output_format", model) != _PNG:
        return request
    width, height = compute_extended_size(request, get_source_size())
    largest = model.largest_png.bytes + model.largest_png.bytes_per_source_pixel * width * height
    others = [choice for choice in model.fields["output_format"].choices if choice != _PNG]
    if largest <= MAX_PICTURE_BYTES or not others:
        return request
    if request.output_format is None:
        return request.model_copy(update={"output_format": others[0]})
    sizes = {"size": f"{largest / _MIB:.0f} MiB", "limit": f"{MAX_PICTURE_BYTES / _MIB:.0f} MiB"}
    raise RejectedError(
        make_problem(
            "format_too_large",
            field="output_format",
            value=_PNG,
            model=model.name,
            choices=", ".join(others),
            **sizes,
        )
    )
