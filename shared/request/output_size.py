"""The size of the picture that a request results in, where that depends on its options."""

from typing import Final

from shared.imaging.fitting import format_size
from shared.models import Size
from shared.problems import RejectedError, make_problem
from shared.request.model import Request

MAX_RESULT_PIXELS: Final = 4096 * 4096
"""The largest results that are accepted of a model: a megapixel upscaled by four in each direction, and 4K."""


def compute_extended_size(request: Request, source: Size) -> Size:
    """Compute the size of a source with the pixels that the request adds to its sides."""
    width, height = source
    return width + (request.left or 0) + (request.right or 0), height + (request.up or 0) + (request.down or 0)


def require_allowed_size(request: Request, source: Size) -> None:
    """Raise `RejectedError` (result_too_large) if the extended source has more than `MAX_RESULT_PIXELS`.

    `source` is the size of the picture as it is sent.
    """
    width, height = compute_extended_size(request, source)
    if width * height > MAX_RESULT_PIXELS:
        limit = f"{MAX_RESULT_PIXELS / 1e6:.1f} MP"
        raise RejectedError(make_problem("result_too_large", size=format_size((width, height)), limit=limit))
