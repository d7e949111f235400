"""The words of commands, options and choices in each of Discord's languages that the bot speaks."""

from discord import Locale
from discord.app_commands import TranslationContextTypes, Translator, locale_str

from bot.i18n import DEFAULT_LANGUAGE, Messages, load_messages


def localize_text(key: str, name: str = "") -> locale_str:
    """The English sentence `section.name`, with what finds it in other languages; `name` is a fact it may hold."""
    return locale_str(load_messages(DEFAULT_LANGUAGE).text(key, name=name), key=key, name=name)


def localize_choice(field: str, value: str) -> locale_str:
    """The English label of one choice of an option, with what finds it in other languages."""
    return locale_str(load_messages(DEFAULT_LANGUAGE).get_choice_label(field, value), field=field, value=value)


def translate_locale_str(string: locale_str, messages: Messages) -> str:
    """What `words` or `label` made, in the language of these phrases."""
    match string.extras:
        case {"field": field, "value": value}:
            return messages.get_choice_label(field, value)
        case {"key": key, "name": name}:
            return messages.text(key, name=name)
        case _:
            return string.message


class CommandTranslator(Translator):
    """Finds words in `bot.i18n`; English is what Discord shows where there is nothing else.

    https://discord.com/developers/docs/interactions/application-commands#localization
    """

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:  # noqa: ARG002 - discord.py's signature
        phrases = load_messages(locale.value)
        return None if phrases.language == DEFAULT_LANGUAGE else translate_locale_str(string, phrases)
