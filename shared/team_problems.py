"""The codes of the problems of teams, all of which their members or the managers of the server can act on."""

from typing import Final

TEAM_CODES: Final = (
    "team_unknown",
    "team_not_yours",
    "team_exists",
    "team_full",
    "team_changed_since",
    "team_not_allowed",
    "team_everyone",
    "team_options_unfit",
    "team_option_locked",
    "team_model_gone",
)
