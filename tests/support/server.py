"""The servers of a stack and their people: the owner of the first one, and new ones with rules that can be set."""

from dataclasses import dataclass
from typing import Any

from bot.domain.guild_settings import GuildSettings
from demo.stack import Stack
from tests.support.guild_settings import save_guild_settings
from tests.support.user import DiscordUser, add_user


@dataclass(frozen=True)
class Server:
    """A server with a channel, its owner and a member."""

    stack: Stack
    guild_id: str
    channel_id: str
    owner: DiscordUser
    member: DiscordUser

    def invoke(self, user: DiscordUser, name: str, /, **options: Any) -> str:
        """Use a command, and return the text that its user alone sees."""
        return user.wait_for_private_text(user.invoke_command(name, self.channel_id, **options))

    def imagine(self, prompt: str, channel: str | None = None) -> str:
        """Ask for a picture as the member, and return the job's id."""
        return self.member.submit_imagine(prompt, image=None, channel=channel or self.channel_id)

    def save_settings(self, **changes: Any) -> None:
        """Save settings of the server, in place of any before."""
        save_guild_settings(self.stack, int(self.guild_id), GuildSettings(**changes))


def add_server(stack: Stack) -> Server:
    """Add a server with a new owner and a new member to the stand-in."""
    owner, _ = add_user(stack, "olga")
    member, _ = add_user(stack, "mika")
    guild = owner.post("/control/guilds", {"name": "Rules", "members": [owner.name, member.name]})
    return Server(stack, guild["id"], guild["channels"][0]["id"], owner, member)


def find_owner(stack: Stack) -> DiscordUser:
    """Find the owner of the first server, who may manage it."""
    return DiscordUser(stack, DiscordUser(stack).get("/control/state")["guilds"][0]["owner_id"])


def find_user_id(user: DiscordUser) -> str:
    """Find the id of a user by their name."""
    users = user.get("/control/state")["users"]
    return str(next(one["id"] for one in users if one["username"] == user.name))
