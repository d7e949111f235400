"""A guardrail of Amazon Bedrock, which checks pictures.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from shared.imaging.limits import ImageRejectedError
from worker.bedrock.deadline import run_with_deadline
from worker.bedrock.error_policies import ErrorPolicy
from worker.bedrock.errors import CALL_ERRORS, find_error_policy, get_error_name, parse_retry_after
from worker.bedrock.runtime_clients import RuntimeClients
from worker.call_result import RetryPolicy
from worker.imaging.check_copies import make_check_copy
from worker.ports import CheckedSide, GuardrailError

_ARN_PARTS: Final = 6
_REGION_PART: Final = 3

log = logging.getLogger(__name__)


class BedrockGuardrail:
    """The `Guardrail` that calls Bedrock through botocore. Threads may share it."""

    def __init__(self, name: str, version: str, *, region: str | None, call_seconds: float, concurrency: int) -> None:
        """Configure it; connections are opened by the first check.

        `name` is an id in `region`, or an ARN, which names its region itself. `call_seconds` is how long a socket waits
        for a byte.
        """
        self._name = name
        self._version = version
        self._region = find_arn_region(name) or region
        self._runtime = RuntimeClients(self._region, call_seconds, concurrency)

    def check_pictures(self, pictures: Sequence[bytes], side: CheckedSide, seconds: float) -> bool:
        try:
            content = [_build_block(picture) for picture in pictures]
        except ImageRejectedError as error:
            raise GuardrailError(f"a picture cannot be checked: {error}", is_temporary=False) from error
        try:
            response = run_with_deadline(seconds, lambda: self._apply(content, side))
        except CALL_ERRORS as error:
            raise self._translate_error(error) from error
        return _read_verdict(response, len(pictures))

    def close(self) -> None:
        """Close the idle connections."""
        self._runtime.close()

    def _apply(self, content: list[Any], side: CheckedSide) -> Any:
        return self._runtime.get_client(self._region).apply_guardrail(
            guardrailIdentifier=self._name, guardrailVersion=self._version, source=side.value, content=content
        )

    def _translate_error(self, error: Exception) -> GuardrailError:
        policy = find_error_policy(error)
        message = str(error) if isinstance(error, ClientError) else f"{get_error_name(error)}: {error}"
        if not isinstance(policy, ErrorPolicy):
            return GuardrailError(message, is_temporary=False)
        if policy.code == "credentials":
            log.error("AWS refuses the credentials, and jobs wait for them. Renew them")
            self._runtime.forget_credentials()
        is_temporary = policy.retry_policy is not RetryPolicy.NEVER or policy.code == "quota_exceeded"
        retry_after = max(policy.retry_after, parse_retry_after(error))
        return GuardrailError(message, is_temporary=is_temporary, retry_after=retry_after)


def find_arn_region(name: str) -> str | None:
    """Find the region in an ARN; None for an id.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    parts = name.split(":")
    return parts[_REGION_PART] if len(parts) == _ARN_PARTS else None


def _build_block(picture: bytes) -> dict[str, Any]:
    copy = make_check_copy(picture)
    return {"image": {"format": copy.format, "source": {"bytes": copy.data}}}


def _read_verdict(response: Any, count: int) -> bool:
    """Return whether the guardrail intervened.

    Raises `GuardrailError` for an unknown answer, and if the guardrail says that it has not looked at every picture:
    its filters may be for texts alone.
    """
    match response.get("action"):
        case "GUARDRAIL_INTERVENED":
            return True
        case "NONE":
            covered = response.get("guardrailCoverage", {}).get("images", {}).get("guarded", count)
            if covered >= count:
                return False
            raise GuardrailError("the guardrail has no filter for pictures", is_temporary=False)
        case action:
            raise GuardrailError(f"the guardrail answered {action!r}", is_temporary=False)
