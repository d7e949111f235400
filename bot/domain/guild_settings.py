"""The settings of a server (a guild in code), which its managers choose."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter


class ButtonPolicy(StrEnum):
    """Who besides the requester may build on a result in a server."""

    EVERYONE = "everyone"
    AUTHOR = "author"


class ResultPlace(StrEnum):
    """Where the results of a server appear: a preview in the channel, only in the thread, or whole in the channel."""

    PREVIEW = "preview"
    THREAD = "thread"
    CHANNEL = "channel"


class GuildQueueState(StrEnum):
    """The state of a server's queue.

    Paused: requests are accepted, and nothing starts. Draining: nothing is accepted, and waiting requests start.
    """

    OPEN = "open"
    PAUSED = "paused"
    DRAINING = "draining"


class WordPolicy(StrEnum):
    """Where prompts with a word of the server's list are refused: everywhere, or not in age-restricted channels."""

    REFUSE = "refuse"
    AGE_RESTRICTED = "age_restricted"


@dataclass(frozen=True)
class GuildSettings:
    """The choices of a server. Empty sets mean all; ids are Discord's.

    `language` is that of public messages; None means that of each requester. `asks_price`: a request for several
    pictures shows its price and waits for a confirmation. `max_price` limits a request of a member who is no moderator,
    in millionths of a dollar. `tasks` are names of `shared.catalogue`'s Task. `default_preset` is a code. Reports are
    posted to the log channel, and the lines of the audit log too if `mirrors_audit_log`. `time_zone` is an IANA name;
    None means UTC. `retention_days` None means the bot's IMAGE_RETENTION_DAYS.
    """

    button_policy: ButtonPolicy = ButtonPolicy.EVERYONE
    result_place: ResultPlace = ResultPlace.PREVIEW
    language: str | None = None
    asks_price: bool = False
    queue_state: GuildQueueState = GuildQueueState.OPEN
    allowed_channel_ids: frozenset[int] = frozenset()
    allowed_role_ids: frozenset[int] = frozenset()
    models: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    max_price: int | None = None
    allows_private_results: bool = True
    word_policy: WordPolicy = WordPolicy.REFUSE
    default_preset: str | None = None
    time_zone: str | None = None
    log_channel_id: int | None = None
    notice_channel_id: int | None = None
    mirrors_audit_log: bool = False
    retention_days: int | None = None

    def offers_model(self, key: str, task: str) -> bool:
        """Tell whether a model, which has this task, is on offer in the server."""
        return (not self.models or key in self.models) and (not self.tasks or task in self.tasks)


_ADAPTERS: Final[Mapping[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(hint) for name, hint in get_type_hints(GuildSettings).items()
}
SETTING_NAMES: Final = tuple(_ADAPTERS)


@dataclass(frozen=True)
class SettingChange:
    """A change of one setting, recorded in the audit log under `entry_id`. Its values are as in `GuildSettings`."""

    entry_id: int
    name: str
    old: Any
    new: Any


def list_changed_settings(old: GuildSettings, new: GuildSettings) -> list[str]:
    """List the names of the settings that differ."""
    return [name for name in SETTING_NAMES if getattr(old, name) != getattr(new, name)]


def format_setting_value(value: Any) -> str:
    """Format the value of a setting as JSON; a set becomes a sorted list."""
    return json.dumps(sorted(value) if isinstance(value, frozenset) else value)


def parse_setting_value(name: str, text: str) -> Any:
    """Parse the JSON of `format_setting_value`. Raises `ValueError` for a name or a value of another release."""
    if name not in _ADAPTERS:
        raise ValueError(f"{name[:32]!r} is no setting")
    return _ADAPTERS[name].validate_json(text)
