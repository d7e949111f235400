"""Application commands as Discord stores them.

A command keeps its id as long as type and name stay the same, and gets a new version whenever it changes.

https://discord.com/developers/docs/interactions/application-commands
"""

from collections.abc import Callable
from typing import Any

from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.validate_commands import check_command, check_unique

CREATES_PER_DAY = 200
DAY_SECONDS = 86_400.0
MAX_COMMANDS = {1: 100, 2: 15, 3: 15}
"""Most commands of a scope by type (CHAT_INPUT, USER, MESSAGE)."""

Command = dict[str, Any]
Scope = str | None


class CommandRegistry:
    """The application's commands: global ones under the scope None, a guild's under the guild's id."""

    def __init__(self, application_id: str, generate_id: Callable[[], str], now: Callable[[], float]) -> None:
        self._application_id = application_id
        self._generate_id = generate_id
        self._now = now
        self._scopes: dict[Scope, list[Command]] = {}
        self._creates: dict[Scope, list[float]] = {}
        self._permissions: dict[str, dict[str, list[dict[str, Any]]]] = {}

    def list_permissions(self, guild_id: str) -> list[dict[str, Any]]:
        """Return the switches of a guild's Integrations page, of the application and of commands that have any."""
        return [
            {"id": identity, "application_id": self._application_id, "guild_id": guild_id, "permissions": switches}
            for identity, switches in self._permissions.get(guild_id, {}).items()
        ]

    def set_permissions(self, guild_id: str, name: str | None, switches: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Set the switches of the commands of this name, or those of the application; return all of the guild."""
        named = [command["id"] for command in self.list_available(guild_id) if command["name"] == name]
        for identity in named if name else [self._application_id]:
            self._permissions.setdefault(guild_id, {})[identity] = switches
        return self.list_permissions(guild_id)

    def list_commands(self, scope: Scope) -> list[Command]:
        """Return the commands of a scope."""
        return self._scopes.get(scope, [])

    def get(self, scope: Scope, command_id: str) -> Command:
        """Return a command; raises DiscordApiError 10063."""
        for command in self.list_commands(scope):
            if command["id"] == command_id:
                return command
        raise DiscordApiError(10063)

    def list_available(self, guild_id: str | None) -> list[Command]:
        """Return the commands available in a guild (its own and the global ones), or in a DM for None."""
        if guild_id is not None:
            return [
                *self.list_commands(guild_id),
                *(c for c in self.list_commands(None) if 0 in (c["contexts"] or [0])),
            ]
        return [c for c in self.list_commands(None) if 1 in (c["contexts"] or [1])]

    def replace(self, scope: Scope, payloads: list[Any]) -> list[Command]:
        """Replace all commands of a scope (bulk overwrite)."""
        checked = [check_command(payload, (place,), scope) for place, payload in enumerate(payloads)]
        check_unique(checked)
        self._check_command_limits(checked)
        existing = {(c["type"], c["name"]) for c in self.list_commands(scope)}
        self._check_daily_creates(scope, sum((c["type"], c["name"]) not in existing for c in checked))
        self._scopes[scope] = [self._assign_version(scope, command) for command in checked]
        return self.list_commands(scope)

    def upsert(self, scope: Scope, payload: Any) -> tuple[Command, bool]:
        """Create a command, or overwrite the one of the same type and name; return it and whether it is new."""
        checked = check_command(payload, (), scope)
        others = [c for c in self.list_commands(scope) if (c["type"], c["name"]) != (checked["type"], checked["name"])]
        created = len(others) == len(self.list_commands(scope))
        if created:
            self._check_command_limits([*others, checked])
            self._check_daily_creates(scope, 1)
        command = self._assign_version(scope, checked)
        self._scopes[scope] = [*others, command]
        return command, created

    def edit(self, scope: Scope, command_id: str, payload: dict[str, Any]) -> Command:
        """Change the given fields of a command."""
        old = self.get(scope, command_id)
        checked = check_command({**old, **payload, "type": old["type"]}, (), scope)
        others = [c for c in self.list_commands(scope) if c is not old]
        check_unique([*others, checked])
        command = {**checked, **self._build_scope_fields(scope), "id": old["id"], "version": self._generate_id()}
        self._scopes[scope] = [command if c is old else c for c in self.list_commands(scope)]
        return command

    def delete(self, scope: Scope, command_id: str) -> None:
        """Remove a command."""
        deleted = self.get(scope, command_id)
        self._scopes[scope] = [c for c in self.list_commands(scope) if c is not deleted]

    def _build_scope_fields(self, scope: Scope) -> dict[str, Any]:
        return {"application_id": self._application_id, **({"guild_id": scope} if scope else {})}

    def _assign_version(self, scope: Scope, checked: Command) -> Command:
        """Add id and version to a checked command; both stay the same if nothing changed."""
        for old in self.list_commands(scope):
            if (old["type"], old["name"]) == (checked["type"], checked["name"]):
                same = {**checked, **self._build_scope_fields(scope), "id": old["id"], "version": old["version"]}
                return same if same == old else {**same, "version": self._generate_id()}
        return {**checked, **self._build_scope_fields(scope), "id": self._generate_id(), "version": self._generate_id()}

    def _check_command_limits(self, commands: list[Command]) -> None:
        for kind, most in MAX_COMMANDS.items():
            if sum(command["type"] == kind for command in commands) > most:
                raise DiscordApiError(30032, message=f"Maximum number of application commands reached ({most}).")

    def _check_daily_creates(self, scope: Scope, number: int) -> None:
        recent = [at for at in self._creates.get(scope, []) if at > self._now() - DAY_SECONDS]
        if len(recent) + number > CREATES_PER_DAY:
            raise DiscordApiError(30034)
        self._creates[scope] = recent + [self._now()] * number
