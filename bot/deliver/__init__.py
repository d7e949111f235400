"""An outcome arrives, the thread hears of it."""

from bot.deliver.deliver import DELIVERY_RETRY_DELAYS, DeliveryQueue, OutcomeConsumer

__all__ = ["DELIVERY_RETRY_DELAYS", "DeliveryQueue", "OutcomeConsumer"]
