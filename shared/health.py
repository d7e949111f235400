"""The replies of /healthz and /readyz, which the bot and the worker write alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CONTENT_TYPE: Final = "application/json"


@dataclass(frozen=True)
class HealthReport:
    """Whether each check passes, by its name, and other details. `failure` is the status if one does not."""

    checks: Mapping[str, bool]
    details: Mapping[str, str] = field(default_factory=dict)
    failure: str = "failing"

    @property
    def is_passed(self) -> bool:
        """Whether every check passes."""
        return all(self.checks.values())

    @property
    def http_status(self) -> int:
        """200, or 503 if a check fails."""
        return 200 if self.is_passed else 503

    def render(self) -> bytes:
        """Render the report as one line of JSON."""
        checks = {name: "ok" if is_passed else "failing" for name, is_passed in self.checks.items()}
        body = {"status": "ok" if self.is_passed else self.failure, **self.details, "checks": checks}
        return json.dumps(body).encode() + b"\n"
