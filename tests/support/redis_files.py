"""The file of a running Redis: copied as a backup does, and restored as an operator does."""

import shutil
from pathlib import Path

from demo.redis import RedisServer

AOF_FOLDER = "appendonlydir"


def copy_redis_file(server: RedisServer, backup: Path) -> Path:
    """Copy the append-only file of the running server to a folder that does not exist yet; return the folder."""
    return Path(shutil.copytree(server.folder / AOF_FOLDER, backup))


def restore_redis_file(server: RedisServer, backup: Path) -> None:
    """Stop the server, put the copy in the place of its file, and start it again."""
    server.stop()
    shutil.rmtree(server.folder / AOF_FOLDER)
    shutil.copytree(backup, server.folder / AOF_FOLDER)
    server.start()
