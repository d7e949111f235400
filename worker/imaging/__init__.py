"""Bytes of any picture in, the picture a model accepts out; and a model's picture checked. No I/O."""

from worker.imaging.answer import verify_image
from worker.imaging.limits import DEFAULT_LIMITS, ImageRejectedError, Limits, RejectionCode
from worker.imaging.preparing import PreparedImage, prepare_image

__all__ = [
    "DEFAULT_LIMITS",
    "ImageRejectedError",
    "Limits",
    "PreparedImage",
    "RejectionCode",
    "prepare_image",
    "verify_image",
]
