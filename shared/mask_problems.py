"""The codes of the problems of masks, all of which the requester can act on."""

from typing import Final

MASK_CODES: Final = (
    "mask_conflict",
    "region_required",
    "region_empty",
    "mask_required",
    "mask_empty",
    "mask_full",
    "mask_not_transparent",
    "mask_words_unknown",
    "mask_numbers",
    "mask_out_of_range",
    "mask_feather",
    "mask_too_many_shapes",
)
