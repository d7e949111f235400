"""Keeping the request of a draft: the details of its jobs, and the picture that it starts from."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.domain.draft import Draft
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import ImageStore
from bot.results.reuse import ReuseRule
from bot.submission.job_queuer import JobDetails
from shared.notes import Note
from shared.problems import RejectedError, make_problem


def build_draft(
    interaction: discord.Interaction, image: RemoteImage | StoredImage | None, details: JobDetails
) -> Draft:
    """Build the user's draft of a request on this picture, with the details of its jobs but their notes."""
    return Draft(
        user_id=interaction.user.id,
        images=(image,) if isinstance(image, RemoteImage) else (),
        parent_id=details.get("parent_id"),
        source_sha256=image.sha256 if isinstance(image, StoredImage) else None,
        source_kind=details.get("source_kind"),
        source_owner_id=details.get("source_owner_id"),
        is_spoiler=details.get("is_spoiler", False),
    )


def read_details(draft: Draft, notes: Sequence[Note]) -> JobDetails:
    """Read the details of a draft's jobs, which have these notes."""
    return JobDetails(
        parent_id=draft.parent_id,
        source_kind=draft.source_kind,
        source_owner_id=draft.source_owner_id,
        notes=notes,
        is_spoiler=draft.is_spoiler,
    )


@dataclass(frozen=True)
class DraftImageLoader:
    """Loads the picture of a draft, if its user may still go on from it: a draft lives for an hour."""

    image_store: ImageStore
    reuse_rule: ReuseRule

    async def load_image(self, interaction: discord.Interaction, draft: Draft) -> RemoteImage | StoredImage | None:
        """Load the picture, if there is any. Raises `RejectedError`: source_expired, and as `ReuseRule` does."""
        await self.reuse_rule.require_permission(interaction, [draft.source_owner_id])
        if draft.source_sha256 is None:
            return next(iter(draft.images), None)
        image = await self.image_store.load_source_image(draft.source_sha256)
        if image is None:
            raise RejectedError(make_problem("source_expired"))
        return image
