"""Running the scripts of `shared.queue` with redis-py's asyncio client."""

from typing import Any

from bot.queue.connection import QueueRedis
from shared.pictures.reference import PictureReference
from shared.queue.scripts import append_script_with_picture, get_script_reply, load_script


class ScriptRunner:
    """Runs the scripts of these names on one Redis."""

    def __init__(self, redis: QueueRedis, *names: str) -> None:
        self._redis = redis
        self._names = redis.names
        self._scripts = {name: redis.register_script(load_script(name)) for name in names}

    async def run(self, name: str, *arguments: Any, picture: bytes | PictureReference | None = None) -> Any:
        """Run a script, together with the picture that it stores if there is one. Raises `redis.RedisError`."""
        script = self._scripts[name]
        if not picture:
            return await script(keys=[self._names.prefix], args=arguments)
        transaction = self._redis.pipeline()
        append_script_with_picture(transaction, self._names, script, arguments, picture)
        return get_script_reply(await transaction.execute())
