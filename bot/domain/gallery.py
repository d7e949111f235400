"""The gallery of a server (a guild in code): its settings, its posts, and which results may enter it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

THRESHOLDS: Final = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30)
"""The numbers of people whose favourites may put a result into a gallery."""


class GalleryReason(StrEnum):
    """Why a result is in the gallery."""

    SHARED = "shared"  # by its author
    FAVOURITES = "favourites"
    MODERATOR = "moderator"
    WINNER = "winner"  # of a round


class GalleryPostState(StrEnum):
    """The state of a result in the gallery. WAITING and REMOVING ones are due."""

    WAITING = "waiting"
    POSTED = "posted"
    REMOVING = "removing"
    REMOVED = "removed"


class Remover(StrEnum):
    """Who took a result out of the gallery. DELETION: it was deleted, or everything about its author."""

    AUTHOR = "author"
    MODERATOR = "moderator"
    DELETION = "deletion"


class GalleryRefusal(StrEnum):
    """Why a result may not enter the gallery; the values are codes of problems."""

    PRIVATE = "gallery_private"
    OTHER_SERVER = "gallery_other_server"
    AGE_RESTRICTED = "gallery_age_restricted"
    HIDDEN_CHANNEL = "gallery_hidden_channel"
    DECLINED = "gallery_declined"
    IGNORED_CHANNEL = "gallery_ignored_channel"
    ENTRY = "gallery_entry"


@dataclass(frozen=True)
class GallerySettings:
    """The choices of a server. Without a channel there is no gallery.

    A result enters it when `min_favourites` different people have marked it, with its author if `counts_own_marks`;
    None means never. Favourites in the ignored channels, and their threads, do not count for that.
    """

    channel_id: int | None = None
    min_favourites: int | None = None
    counts_own_marks: bool = False
    ignored_channel_ids: frozenset[int] = frozenset()


@dataclass(frozen=True)
class GalleryPost:
    """A result in the gallery. Times are Unix seconds; `version` is raised by each change that its message shows.

    `channel_id` and `message_id` are those of its message, or where it was tried; a forum's post is a thread whose id
    is the one of its first message.
    """

    job_id: str
    guild_id: int
    reason: GalleryReason
    state: GalleryPostState
    version: int = 0
    failures: int = 0
    attempted_at: float | None = None
    channel_id: int | None = None
    message_id: int | None = None
    removed_by: Remover | None = None

    @property
    def is_in_gallery(self) -> bool:
        """Whether it is in the gallery, or about to be."""
        return self.state in {GalleryPostState.WAITING, GalleryPostState.POSTED}

    def may_return(self, reason: GalleryReason) -> bool:
        """Tell whether a result that was taken out may enter again: whoever took it out has to want it."""
        wanted = {GalleryReason.SHARED: Remover.AUTHOR, GalleryReason.MODERATOR: Remover.MODERATOR}.get(reason)
        return self.state is GalleryPostState.REMOVED and self.removed_by is wanted


@dataclass(frozen=True)
class ResultPlaceFacts:
    """What is known of the place of a result. `channel_ids` are its channel and, of a thread, the parent.

    `is_private`: it was sent as a direct message. `is_readable`: everybody who can read the gallery can read it there.
    `is_secret`: it is an entry of a round that is not over.
    """

    guild_id: int
    channel_ids: frozenset[int]
    is_private: bool = False
    is_readable: bool = False
    is_age_restricted: bool = False
    is_secret: bool = False


def find_refusal(
    reason: GalleryReason,
    place: ResultPlaceFacts,
    settings: GallerySettings,
    *,
    guild_id: int,
    is_age_restricted: bool,
    is_declined: bool,
) -> GalleryRefusal | None:
    """Find out why a result may not enter the gallery of this server; None if it may.

    `is_age_restricted`: the gallery is. `is_declined`: its author does not want others to show their results. What its
    author shares may come from a channel that not all of its readers know; a private result stays private.
    """
    if place.is_secret:
        refusal = GalleryRefusal.ENTRY
    elif place.is_private:
        refusal = GalleryRefusal.PRIVATE
    elif place.guild_id != guild_id:
        refusal = GalleryRefusal.OTHER_SERVER
    elif place.is_age_restricted and not is_age_restricted:
        refusal = GalleryRefusal.AGE_RESTRICTED
    elif reason is GalleryReason.SHARED:
        refusal = None
    elif is_declined:
        refusal = GalleryRefusal.DECLINED
    elif not place.is_readable:
        refusal = GalleryRefusal.HIDDEN_CHANNEL
    else:
        is_ignored = bool(place.channel_ids & settings.ignored_channel_ids)
        refusal = GalleryRefusal.IGNORED_CHANNEL if is_ignored and reason is GalleryReason.FAVOURITES else None
    return refusal
