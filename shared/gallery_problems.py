"""The codes of the problems of galleries, all of which the requester can act on."""

from typing import Final

GALLERY_CODES: Final = (
    "gallery_missing",
    "gallery_unknown",
    "gallery_not_allowed",
    "gallery_private",
    "gallery_other_server",
    "gallery_age_restricted",
    "gallery_hidden_channel",
    "gallery_declined",
    "gallery_ignored_channel",
    "gallery_entry",
    "gallery_forbidden",
    "gallery_already",
    "gallery_taken_out",
    "gallery_not_there",
)
