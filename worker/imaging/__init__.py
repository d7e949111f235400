"""Bytes of any picture in, the picture a model accepts out; and a model's picture checked. No I/O."""

from worker.imaging.answer import check_answer
from worker.imaging.limits import DEFAULT_LIMITS, Code, Limits, PictureRefused
from worker.imaging.preparing import Prepared, prepare

__all__ = ["DEFAULT_LIMITS", "Code", "Limits", "PictureRefused", "Prepared", "check_answer", "prepare"]
