"""Marks in pictures that the bot encodes itself, which say that a model had a part in them."""

from typing import Final

from shared.imaging.marks import embed_marks, has_content_credentials, read_marks, remove_content_credentials
from shared.imaging.xmp import CREATOR_TOOL, Marks, SourceType

_REMOVED_BY_ENCODING: Final = "encoded again"
_REMOVED_BY_ANONYMITY: Final = "shown without its author"


def mark_image(encoded: bytes, source_type: SourceType) -> bytes:
    """Mark a JPEG or WebP that was just encoded, without the settings of any result."""
    return embed_marks(encoded, Marks(source_type=source_type, creator_tool=CREATOR_TOOL))


def carry_source_type(original: bytes, encoded: bytes) -> bytes:
    """Mark a JPEG that shows a picture if that picture says that a model made it, without its settings."""
    found = read_marks(original)
    if not found.source_type:
        return encoded
    return embed_marks(encoded, Marks(source_type=found.source_type, creator_tool=found.creator_tool))


def collect_marks(original: bytes, source_type: SourceType | None) -> Marks | None:
    """Collect the marks for smaller copies of a picture; None if it has none.

    The `source_type` is that of a result without marks, from an earlier release or with signed credentials; None for
    a picture that is no result. Credentials do not fit a copy: that the picture had some is written there.
    """
    found, had_credentials = read_marks(original), has_content_credentials(original)
    if not (source_type or found.source_type or had_credentials):
        return None
    return Marks(
        source_type=found.source_type or source_type or "",
        creator_tool=CREATOR_TOOL if source_type else found.creator_tool,
        model=found.model,
        parameters=found.parameters,
        settings=found.settings,
        removed_credentials=_REMOVED_BY_ENCODING if had_credentials else found.removed_credentials,
    )


def remove_settings(result: bytes, source_type: SourceType) -> bytes:
    """Remove from a result whatever leads to its job: the settings. That a model made it remains.

    A result that carries a model's own credentials has no settings of ours, and is returned as it is. Credentials of
    ours, which cover the settings, are removed, and that they were there is written down. Raises `ValueError` if the
    result is damaged.
    """
    found, is_signed = read_marks(result), has_content_credentials(result)
    if is_signed and not found.settings:
        return result
    marks = Marks(
        source_type=found.source_type or source_type,
        creator_tool=CREATOR_TOOL,
        removed_credentials=_REMOVED_BY_ANONYMITY if is_signed else found.removed_credentials,
    )
    return embed_marks(remove_content_credentials(result), marks)
