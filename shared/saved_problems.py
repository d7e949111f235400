"""The codes of the problems of presets and style sets, all of which the requester can act on."""

from typing import Final

SAVED_CODES: Final = (
    "preset_unknown",
    "preset_code_unknown",
    "preset_taken",
    "preset_full",
    "style_set_unknown",
    "style_set_full",
    "style_sets_full",
    "style_set_name_empty",
    "style_picture_unknown",
    "preset_name_empty",
    "preset_source_missing",
    "preset_not_allowed",
    "style_set_not_allowed",
)
