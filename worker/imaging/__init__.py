"""Bytes of any picture in, the picture a model accepts out; and a model's picture checked. No I/O."""

from shared.imaging.limits import DEFAULT_LIMITS, ImageRejectedError, Limits, RejectionCode
from worker.imaging.preparation import PreparedImage, prepare_image
from worker.imaging.verification import verify_image

__all__ = [
    "DEFAULT_LIMITS",
    "ImageRejectedError",
    "Limits",
    "PreparedImage",
    "RejectionCode",
    "prepare_image",
    "verify_image",
]
