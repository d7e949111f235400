"""The rules of a server for a request, whoever asks: a command, a button, a form or a message's menu."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.budgets import get_price
from bot.domain.guild_settings import GuildQueueState, WordPolicy
from bot.domain.usage import Check, Usage, build_check
from bot.domain.word_rules import WordList
from bot.interactions.offers import restrict_catalogue
from bot.submission.team_settings import find_locked_problem
from shared.catalogue import Catalogue
from shared.problems import Problem, make_problem
from shared.request.model import Request


class WordListReader(Protocol):
    """Loads word lists. Implemented by `bot.storage`."""

    async def load_word_list(self, guild_id: int) -> WordList:
        """Load the list of a guild. Raises `RejectedError` (database_unavailable)."""
        ...


@dataclass(frozen=True)
class RequestRules:
    """Refuses requests. Without `word_lists` there are none."""

    catalogue: Catalogue
    word_lists: WordListReader | None = None

    def list_checks(self) -> Sequence[Check]:
        """List the checks of a request in the order in which they are made."""
        return (
            build_check("queue", find_queue_problem),
            build_check("permissions", find_permissions_problem),
            build_check("team", self._find_team_problem),
            build_check("offer", self._find_offer_problem),
            build_check("price", self._find_price_problem),
            build_check("private", find_private_problem),
            Check("words", self._find_word_problem),
        )

    async def find_problems(self, usage: Usage) -> list[Problem]:
        """Find the problem of each rule that refuses the requests. Raises `RejectedError` as `WordListReader` does."""
        found = [await check.find_problem(usage) for check in self.list_checks()]
        return [problem for problem in found if problem is not None]

    def _find_team_problem(self, usage: Usage) -> Problem | None:
        """Find the first option that the team of the requests has locked with another value."""
        if usage.team is None:
            return None
        problems = (find_locked_problem(request, usage.team, self.catalogue) for request in usage.requests)
        return next((problem for problem in problems if problem is not None), None)

    def _find_offer_problem(self, usage: Usage) -> Problem | None:
        """Find the first model that the server does not offer."""
        for request in usage.requests:
            model = self.catalogue.models.get(request.model)
            if model is None or usage.settings.offers_model(model.key, model.task):
                continue
            others = restrict_catalogue(self.catalogue, usage.settings).models_for_task(model.task)
            if not others:
                return make_problem("task_not_on_offer", task=model.task)
            names = ", ".join(other.name for other in others)
            return make_problem("model_not_on_offer", model=model.name, models=names)
        return None

    def _find_price_problem(self, usage: Usage) -> Problem | None:
        """Compare the price of all requests together with the limit for members who are no moderators."""
        limit = usage.settings.max_price
        needed = sum(get_price(self.catalogue.models.get(request.model)) for request in usage.requests)
        if limit is None or usage.is_moderator or needed <= limit:
            return None
        return make_problem("price_too_high", needed=f"usd {needed}", limit=f"usd {limit}")

    async def _find_word_problem(self, usage: Usage) -> Problem | None:
        """Find the rule of the word list that the words of a request match, where the server refuses those."""
        if usage.guild_id is None or self.word_lists is None:
            return None
        is_only_elsewhere = usage.settings.word_policy is WordPolicy.AGE_RESTRICTED
        texts = list(dict.fromkeys(filter(None, _list_texts(usage.requests))))
        if not texts or (is_only_elsewhere and usage.is_age_restricted):
            return None
        word_list = await self.word_lists.load_word_list(usage.guild_id)
        for text in texts:
            rule = word_list.find_rule(text)
            if rule is not None:
                code = "word_age_restricted" if is_only_elsewhere else "word_listed"
                return make_problem(code, pattern=rule.pattern)
        return None


def find_queue_problem(usage: Usage) -> Problem | None:
    """Find whether a moderator has closed the queue of the server to new requests."""
    return make_problem("queue_draining") if usage.settings.queue_state is GuildQueueState.DRAINING else None


def find_permissions_problem(usage: Usage) -> Problem | None:
    """Find whether the bot lacks permissions in the channel."""
    if not usage.missing_permissions:
        return None
    return make_problem("permissions_missing", permissions=", ".join(usage.missing_permissions))


def find_private_problem(usage: Usage) -> Problem | None:
    """Find whether the result would go to direct messages, and the server does not allow that."""
    is_allowed = usage.settings.allows_private_results or not usage.wants_private
    return None if is_allowed else make_problem("private_not_allowed")


def _list_texts(requests: Sequence[Request]) -> Iterator[str]:
    """List the prompt of each request, with its negative prompt and what is searched for; its parts belong together."""
    for request in requests:
        yield " ".join((*(part.text for part in request.text_prompts), *request.list_searched_texts()))
