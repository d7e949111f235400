"""Checking the pictures of a job by a guardrail: its sources before the call, and its result after it."""

import logging
import random
import time
from dataclasses import dataclass
from typing import Final

from shared.outcome import FilteredPart
from shared.problems import Problem, make_problem
from shared.request.pictures import Pictures
from worker.call_result import FilteredResult, GeneratedImage
from worker.ports import CheckedSide, Guardrail, GuardrailError

SOURCE_SECONDS: Final = 15.0
"""How long a check of the sources may take. The job is returned to the queue after that, and keeps no slot."""

MIN_RESULT_SECONDS: Final = 30.0
_FIRST_DELAY_SECONDS: Final = 0.5
_MAX_DELAY_SECONDS: Final = 8.0

log = logging.getLogger(__name__)


class UncheckedResultError(GuardrailError):
    """A picture was made and could not be checked, so nobody may see it. It is paid for."""


@dataclass(frozen=True)
class PictureChecks:
    """The checks, by one guardrail.

    `call_seconds` is the time from the start of a call of a model until its result has to be checked, but a check has
    30 seconds at the least.
    """

    guardrail: Guardrail
    call_seconds: float

    def check_sources(self, pictures: Pictures) -> FilteredResult | None:
        """Check the source and the picture of a style once. None if they may be used. Raises `GuardrailError`.

        A mask is not checked: it only says where.
        """
        sources = [picture for picture in (pictures.source, pictures.style) if picture is not None]
        started_at = time.monotonic()
        if sources and self.guardrail.check_pictures(sources, CheckedSide.INPUT, SOURCE_SECONDS):
            return FilteredResult(FilteredPart.INPUT, time.monotonic() - started_at)
        return None

    def check_result(self, result: GeneratedImage | FilteredResult) -> GeneratedImage | FilteredResult:
        """Check a picture that was made, again and again while the guardrail is busy or unreachable.

        Raises `UncheckedResultError` when the time is over: the call was paid for, and another would be paid for again.
        """
        if isinstance(result, FilteredResult):
            return result
        ends_at = time.monotonic() + max(MIN_RESULT_SECONDS, self.call_seconds - result.duration_seconds)
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                remaining = ends_at - time.monotonic()
                is_blocked = self.guardrail.check_pictures([result.data], CheckedSide.OUTPUT, remaining)
            except GuardrailError as error:
                wait = max(delay * random.uniform(0.5, 1), error.retry_after)  # noqa: S311 - spreads the load
                if not error.is_temporary or time.monotonic() + wait >= ends_at:
                    raise UncheckedResultError(str(error), is_temporary=error.is_temporary) from error
                log.warning("a picture is checked again in %.1f s: %s", wait, error)
                time.sleep(wait)
                delay = min(2 * delay, _MAX_DELAY_SECONDS)
            else:
                return FilteredResult(FilteredPart.OUTPUT, result.duration_seconds) if is_blocked else result


def describe_check_error(error: GuardrailError) -> Problem:
    """Make the problem of a job whose pictures could not be checked."""
    if isinstance(error, UncheckedResultError):
        return make_problem("result_unchecked")
    return make_problem("guardrail_unavailable" if error.is_temporary else "guardrail_misconfigured")
