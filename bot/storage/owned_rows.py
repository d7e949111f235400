"""Conditions on rows that a person or a guild owns. Their names are compared without regard to case."""

from sqlalchemy import ColumnElement, Table

from bot.domain.owners import Owner


def is_named(table: Table, owner: Owner, name: str) -> ColumnElement[bool]:
    """Match the row of an owner with this name."""
    return is_owned_by(table, owner) & (table.c.folded_name == name.casefold())


def is_usable_by(table: Table, owner: Owner) -> ColumnElement[bool]:
    """Match the person's own rows and, if `owner` is a guild, those of the guild."""
    return is_owned_by(table, Owner(owner.user_id)) | is_owned_by(table, owner)


def is_owned_by(table: Table, owner: Owner) -> ColumnElement[bool]:
    """Match the rows of an owner."""
    if owner.guild_id:
        return table.c.guild_id == owner.guild_id
    return (table.c.guild_id == 0) & (table.c.user_id == owner.user_id)
