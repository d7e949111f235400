"""The actions for a variant by one press under its exploration, as in Midjourney: upscale, vary or finish it."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.exploration import ExplorationPlan
from bot.interactions.custom_ids import CustomId
from bot.interactions.result_buttons import FinishId, UpscaleAtOnceId, VaryId, VaryStrength
from shared.catalogue import Catalogue
from shared.request.conversion import build_finish_requests, build_upscale_requests
from shared.request.model import Request


@dataclass(frozen=True)
class VariantAction:
    """A row of buttons, one for each variant, labelled with a letter and the number of the variant.

    `name` is the end of its i18n key; `price_usd` is that of each press, None if the press only opens a choice.
    """

    name: str
    letter: str
    price_usd: float | None
    build_custom_id: Callable[[str], CustomId]


def list_variant_actions(plan: ExplorationPlan, catalogue: Catalogue) -> tuple[VariantAction, ...]:
    """List the actions that every variant allows: at the same price, or at a price that is chosen then."""
    candidates = (
        ("upscale", "U", _find_upscale_price, UpscaleAtOnceId),
        ("vary", "V", _find_vary_price, lambda job_id: VaryId(job_id, VaryStrength.STRONG)),
    )
    actions = []
    for name, letter, find_price, build_custom_id in candidates:
        prices = {find_price(request, catalogue) for request in plan.requests}
        price = prices.pop() if len(prices) == 1 else None
        if price is not None:
            actions.append(VariantAction(name, letter, price, build_custom_id))
    if all(build_finish_requests(request, catalogue) for request in plan.requests):
        actions.append(VariantAction("finish", "F", None, FinishId))
    return tuple(actions)


def _find_upscale_price(request: Request, catalogue: Catalogue) -> float | None:
    """Find the price of the cheapest upscaler."""
    prices = [catalogue.models[upscale.model].price_usd for upscale in build_upscale_requests(request, catalogue)]
    return min(prices, default=None)


def _find_vary_price(request: Request, catalogue: Catalogue) -> float | None:
    model = catalogue.pick_picture_model(request.model) if request.text_prompts else None
    return None if model is None else model.price_usd
