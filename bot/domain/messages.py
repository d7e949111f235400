"""Messages in Discord."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MessageRef:
    """The message that shows an outcome. `message_id` is None once that message was deleted."""

    channel_id: int
    message_id: int | None
    is_private: bool = False

    def build_link(self, guild_id: int) -> str:
        """Return the URL that opens the message, or its channel, in any Discord client."""
        suffix = "" if self.message_id is None else f"/{self.message_id}"
        return f"https://discord.com/channels/{'@me' if self.is_private else guild_id}/{self.channel_id}{suffix}"
