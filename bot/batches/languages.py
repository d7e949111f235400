"""The language of the messages of a batch that everybody in its channel reads."""

from bot.delivery.ports import GuildSettingsReader
from bot.domain.batches import Batch
from shared.i18n.messages import Messages, load_messages


async def load_public_messages(guild_settings: GuildSettingsReader, batch: Batch) -> Messages:
    """Load the texts in the language that the server chose, or else in the requester's.

    Raises `RejectedError` if the database fails.
    """
    settings = await guild_settings.load_settings(batch.place.guild_id)
    return load_messages(settings.language or batch.requester.locale)
