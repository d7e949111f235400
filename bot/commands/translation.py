"""The words of commands, options and choices in each of Discord's languages that the bot speaks."""

from discord import Locale
from discord.app_commands import TranslationContextTypes, Translator, locale_str

from bot.phrases import DEFAULT, Phrases, phrases_for


def words(key: str, name: str = "") -> locale_str:
    """The English sentence `section.name`, with what finds it in other languages; `name` is a fact it may hold."""
    return locale_str(phrases_for(DEFAULT).say(key, name=name), key=key, name=name)


def label(field: str, value: str) -> locale_str:
    """The English label of one choice of an option, with what finds it in other languages."""
    return locale_str(phrases_for(DEFAULT).choice(field, value), field=field, value=value)


def said(string: locale_str, phrases: Phrases) -> str:
    """What `words` or `label` made, in the language of these phrases."""
    match string.extras:
        case {"field": field, "value": value}:
            return phrases.choice(field, value)
        case {"key": key, "name": name}:
            return phrases.say(key, name=name)
        case _:
            return string.message


class PhraseTranslator(Translator):
    """Finds words in `bot.phrases`; English is what Discord shows where there is nothing else.

    https://discord.com/developers/docs/interactions/application-commands#localization
    """

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:  # noqa: ARG002 - discord.py's signature
        phrases = phrases_for(locale.value)
        return None if phrases.language == DEFAULT else said(string, phrases)
