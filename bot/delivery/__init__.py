"""An outcome arrives, the thread hears of it."""

from bot.delivery.consumer import DELIVERY_RETRY_DELAYS, OutcomeConsumer

__all__ = ["DELIVERY_RETRY_DELAYS", "OutcomeConsumer"]
