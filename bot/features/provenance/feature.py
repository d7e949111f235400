"""The command that the feature adds to the bot."""

from bot.discord_client.command_builder import build_message_command
from bot.discord_client.feature import Feature
from bot.features.provenance.command import ProvenanceCommand
from bot.interactions.access import Access
from bot.results.credentials import CredentialsReader
from bot.results.lookup import ResultLookup
from bot.storage.result_hashes import SqlResultHashStore
from shared.catalogue import Catalogue


def build_provenance_feature(
    result_lookup: ResultLookup, result_hashes: SqlResultHashStore, catalogue: Catalogue
) -> Feature:
    """Build the message command."""
    command = ProvenanceCommand(result_lookup, result_hashes, CredentialsReader(), catalogue)
    return Feature(
        commands=[build_message_command("provenance", command.show_provenance)],
        access=Access.VIEW,
    )
