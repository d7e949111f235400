"""Loading the picture from which the request of a draft starts."""

from dataclasses import dataclass

import discord

from bot.domain.draft import Draft
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import ImageStore
from bot.results.reuse import ReuseRule
from shared.problems import RejectedError, make_problem


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
