"""`python -m demo`: start everything on loopback, make a first picture, and leave the chat page open.

With --once it makes the picture, stops everything and ends with one line of JSON. No account and no key is needed.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from demo.first_picture import FirstPicture, NoPictureError, make_first_picture, wait_until_ready
from demo.http_client import StandInResponseError
from demo.processes import ProcessExitedError
from demo.redis import RedisNotFoundError, find_free_port, is_port_free
from demo.stack import Stack, run_stack

SAMPLE_IMAGE = Path(__file__).parent / "samples" / "lake.jpg"
DEFAULT_PORT = 8080
DEFAULT_PROMPT = "the same lake as a watercolour, first snow on the mountains"


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    words = argparse.ArgumentParser(prog="python -m demo", description=(__doc__ or "").splitlines()[0])
    words.add_argument(
        "--once", action="store_true", help="generate one picture, stop everything, and print a line of JSON"
    )
    words.add_argument(
        "--image", type=Path, default=SAMPLE_IMAGE, help="the picture to start from (default: a bundled sample)"
    )
    words.add_argument("--prompt", default=DEFAULT_PROMPT, help="what the picture should become")
    words.add_argument("--model", help="a model of shared/catalogue.toml (default: its default)")
    words.add_argument(
        "--record", type=Path, help="record every exchange with Discord's REST API, one line of JSON each"
    )
    words.add_argument(
        "--port", type=int, help=f"the chat page's port (default: {DEFAULT_PORT}, or a free one if it is taken)"
    )
    words.add_argument("--folder", type=Path, default=Path(".demo"), help="where logs and pictures go (default: .demo)")
    return words


def main(arguments: Sequence[str]) -> int:
    """Run the demo; the answer is the exit code: 0, or 1 with words."""
    options = build_parser().parse_args(arguments)
    if not options.image.is_file():
        print(f"There is no picture at {options.image}. Check the path in IMAGE.", file=sys.stderr)
        return 1
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _raise_interrupt)
    port = options.port or (DEFAULT_PORT if not options.once and is_port_free(DEFAULT_PORT) else find_free_port())
    try:
        with run_stack(options.folder / "logs", port=port, record=options.record) as house:
            picture = _make_first_picture(house, options)
            if not options.once:
                _keep_running(house, picture)
        print(picture.as_json())
    except KeyboardInterrupt:
        print("\nStopped.")
    except (NoPictureError, ProcessExitedError, RedisNotFoundError, StandInResponseError, TimeoutError) as error:
        print(f"No picture was generated.\n{error}", file=sys.stderr)
        return 1
    return 0


def _make_first_picture(stack: Stack, options: argparse.Namespace) -> FirstPicture:
    wait_until_ready(stack)
    print(f"The chat page is at {stack.discord_url}/?user=ada (play a second user: ?user=ben)", flush=True)
    picture = make_first_picture(stack, options.image, options.prompt, options.model, options.folder / "pictures")
    print(f"The first picture is ready, with seed {picture.seed}: {picture.file}", flush=True)
    return picture


def _keep_running(stack: Stack, picture: FirstPicture) -> None:
    print(f"See it in its thread: {stack.discord_url}/?user=ada&channel={picture.thread}")
    print("Type /imagine there and attach a picture of your own. Ctrl-C stops everything.", flush=True)
    while True:
        stack.check_running()
        time.sleep(1)


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
