"""Custom ids of buttons, selects and modals: each action is a frozen class that carries all its handler needs.

Nothing about a component is kept in memory, so it works after a restart and in any process of the bot.
https://discord.com/developers/docs/components/reference#anatomy-of-a-component-custom-id
"""

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Self, cast

from shared.job import JOB_ID_PATTERN

CUSTOM_ID_LIMIT: Final = 100

# Patterns for templates. Every id comes from a client, so what it names may not exist.
JOB_ID: Final = f"(?P<job_id>{JOB_ID_PATTERN})"
MODEL: Final = r"(?P<model>[\w.-]{1,40})"
DRAFT_ID: Final = r"(?P<draft_id>\d{1,20})"


@dataclass(frozen=True)
class CustomId:
    """Base of the custom ids. `str()` writes `action:value:value`, and `parse` reads it.

    A subclass is a frozen dataclass whose `template` begins with an action of its own and has a named group for each
    field, in the order of the fields::

        @dataclass(frozen=True)
        class UpscaleWithId(CustomId, template=f"upscale_with:{JOB_ID}:{MODEL}"):
            job_id: str
            model: str
    """

    template: ClassVar[re.Pattern[str]]

    def __init_subclass__(cls, *, template: str) -> None:
        super().__init_subclass__()
        cls.template = re.compile(template, re.ASCII)

    def __str__(self) -> str:
        return ":".join((self.get_action(), *(str(getattr(self, field.name)) for field in fields(self))))

    @classmethod
    def get_action(cls) -> str:
        """Return the first part of the id, which no other class has."""
        return cls.template.pattern.partition(":")[0]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse a custom id, converting each value to the type of its field. None when it is of another class."""
        match = cls.template.fullmatch(text)
        if match is None:
            return None
        values = {field.name: cast("Any", field.type)(match[field.name]) for field in fields(cls)}
        return cls(**values)
