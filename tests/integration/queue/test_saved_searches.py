"""Saved searches in Redis."""

from bot.domain.search import SearchQuery
from bot.queue.connection import connect_to_redis
from bot.queue.saved_searches import RedisSavedSearchStore
from tests.support.builders import NOON

ADA_ID, BEN_ID = 9_007_199_254_740_993, 43


async def test_a_search_is_stored_for_a_day_and_for_its_viewer_alone(redis_url: str) -> None:
    redis = connect_to_redis(redis_url)
    searches, query = RedisSavedSearchStore(redis), SearchQuery(ADA_ID, keywords="château", accepted_after=NOON)

    await searches.save_search("17", query)

    assert await searches.load_search("17", ADA_ID) == query
    assert await searches.load_search("17", BEN_ID) is None
    assert await searches.load_search("18", ADA_ID) is None
    assert 0 < await redis.pttl(f"pentimento:saved_searches:{ADA_ID}") <= 86400_000
    await searches.delete_searches(ADA_ID)
    assert await searches.load_search("17", ADA_ID) is None
    await redis.aclose()
