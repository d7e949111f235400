"""A first picture on a host of 1 GB: Redis, bot and worker together, with 768 MiB that the system leaves them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from demo.first_picture import iter_message_texts, wait_until_ready
from demo.processes import Process
from demo.stack import Stack, run_stack
from tests.benchmarks.sample_images import encode_image, make_photo
from tests.support.memory_cgroup import create_memory_cgroup
from tests.support.user import DiscordUser, list_media

LIMIT = 768 << 20
CONFINED_PROCESS = """
import os, runpy, sys
from pathlib import Path
module, procs_file = sys.argv[1:]
Path(procs_file).write_text(str(os.getpid()))
sys.argv[1:] = []
runpy.run_module(module, run_name="__main__")
"""


@pytest.fixture
def small_host(tmp_path: Path) -> Iterator[Stack]:
    """A stack whose Redis, bot and worker share a control group, in which the kernel killed none of them."""
    with (
        create_memory_cgroup(LIMIT) as group,
        run_stack(tmp_path, bedrock_options=("--latency", "0.2"), services=()) as stack,
        contextlib.ExitStack() as exit_stack,
    ):
        if stack.redis is None:
            pytest.skip("REDIS_URL names a server that is not in the group")
        group.procs_file.write_text(str(stack.redis.pid))
        for name in ("worker", "bot"):
            arguments = ("-c", CONFINED_PROCESS, name, str(group.procs_file))
            stack.processes[name] = Process(name, arguments, tmp_path, stack.environment)
            exit_stack.callback(stack.processes[name].stop)
        wait_until_ready(stack)
        yield stack
        assert group.count_oom_kills() == 0


def test_first_pictures_of_12_megapixels_are_answered_on_a_host_of_one_gigabyte(
    small_host: Stack, tmp_path: Path
) -> None:
    user = DiscordUser(small_host, "ada")
    photo = make_photo(500, 375).resize((4000, 3000), Image.Resampling.NEAREST)  # as many pixels, but quickly encoded
    for kind in ("JPEG", "PNG"):
        file = tmp_path / f"photo.{kind.lower()}"
        file.write_bytes(encode_image(photo, kind, **({"compress_level": 1} if kind == "PNG" else {})))

        answer = user.wait_for_result(user.submit_imagine(f"a {kind}", image=file))

        assert len(list_media(answer)) == 1, "\n".join(iter_message_texts(answer))
