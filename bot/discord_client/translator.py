"""The names and descriptions of commands, options and choices in every language of Discord that the bot has."""

from discord import Locale
from discord.app_commands import TranslationContextTypes, Translator, locale_str

from shared.i18n.messages import DEFAULT_LANGUAGE, Messages, load_messages


def localize_text(key: str, name: str = "") -> locale_str:
    """Return the English message of this key, marked for translation; `name` fills its placeholder."""
    return locale_str(load_messages(DEFAULT_LANGUAGE).text(key, name=name), key=key, name=name)


def localize_choice(field: str, value: str) -> locale_str:
    """Return the English label of a choice of an option, marked for translation."""
    return locale_str(load_messages(DEFAULT_LANGUAGE).get_choice_label(field, value), field=field, value=value)


def translate_locale_str(string: locale_str, messages: Messages) -> str:
    """Translate a string made by `localize_text` or `localize_choice`."""
    match string.extras:
        case {"field": field, "value": value}:
            return messages.get_choice_label(field, value)
        case {"key": key, "name": name}:
            return messages.text(key, name=name)
        case _:
            return string.message


class CommandTranslator(Translator):
    """Translates with `shared.i18n.messages`. Discord shows the English text in the languages that it does not have.

    https://discord.com/developers/docs/interactions/application-commands#localization
    """

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:  # noqa: ARG002 - discord.py's signature
        messages = load_messages(locale.value)
        return None if messages.language == DEFAULT_LANGUAGE else translate_locale_str(string, messages)
