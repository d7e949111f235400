"""The problem of an image that is rejected."""

from shared.imaging.limits import ImageRejectedError
from shared.problems import Problem


def make_picture_problem(error: ImageRejectedError) -> Problem:
    """Make the problem of a rejected picture."""
    return Problem(code=f"picture_{error.code}", facts=dict(error.facts))
