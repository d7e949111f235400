"""The handlers that the feature adds to the bot."""

from bot.discord_client.feature import Feature
from bot.domain.ports import DraftStore
from bot.explorations.several import PictureSubmitter
from bot.features.foreign_syntax.buttons import SyntaxAnswerHandler
from bot.interactions.routing import Route
from bot.submission.drafts import DraftImageLoader
from bot.submission.syntax_question import GoOnWithoutId, UseWordsId


def build_foreign_syntax_feature(
    drafts: DraftStore, draft_images: DraftImageLoader, pictures: PictureSubmitter
) -> Feature:
    """Build the handlers of the buttons under the question."""
    handler = SyntaxAnswerHandler(drafts, draft_images, pictures)
    return Feature(routes=[Route(GoOnWithoutId, handler.go_on_without), Route(UseWordsId, handler.use_words)])
