"""Notes to a requester: a code and its facts, such as how their request was adapted to its model.

The sentence for each code, in every language, is in the section `notes` of `shared.i18n`.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.problems import Fact

NOTE_CODES: Final = (
    "weights_left_out",
    "cropped",
    "first_keep",
    "enlarged",
    "scaled_down",
    "scaled_up",
    "extended_far",
    "style_in_words",
    "model_replaced",
    "style_of_set",
    # a prompt with the syntax of another tool
    "parameters_read",
    "aspect_nearest",
    "option_preferred",
    "link_used",
    "emphasis_weighed",
    "emphasis_left_out",
    "brackets_kept",
    "break_left_out",
    # a request for a team
    "team_options",
    "team_options_lost",
    # a table or files for a batch
    "batch_encoding_guessed",
    "batch_header_guessed",
    "batch_one_picture",
    "batch_sheet_chosen",
    "batch_pictures_unused",
    "batch_files_ignored",
    "batch_rows_hidden",
    "batch_cells_merged",
)


class Note(BaseModel):
    """One thing that a requester should know about their job: a code of `NOTE_CODES`, and the facts of its sentence."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    facts: dict[str, Fact] = {}


def make_note(code: str, /, **facts: Fact) -> Note:
    """Make a note of this code with the given facts."""
    return Note(code=code, facts=facts)
