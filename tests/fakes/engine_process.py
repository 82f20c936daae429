"""Stands in for `python -m generation`: the same flags, the same lines, the same API, no model.

The model's name says how it behaves: `missing` is refused, `crashing` ends while it starts, `slow` takes its time to
load, `stubborn` ignores SIGTERM, `wedged` stops answering /health once it is ready; any other just works.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys

from aiohttp import web

from tests.fakes.completions import FakeCompletions

LOAD_S = 0.6


def say(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def complain(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def read_flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for flag in ("--model", "--socket", "--cache-dir"):
        parser.add_argument(flag, required=True)
    for flag in ("--max-running", "--max-waiting", "--threads", "--cache-mb"):
        parser.add_argument(flag, type=int)
    parser.add_argument("--precision")
    parser.add_argument("--exit-with-parent", action="store_true")
    return parser.parse_args()


async def run(flags: argparse.Namespace) -> None:
    model = flags.model
    fake = FakeCompletions(delay_s=0.01, model=f"{model}-135m", loading=model == "slow")
    runner = web.AppRunner(fake.app(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, flags.socket).start()
    say(event="loading", url=f"unix:{flags.socket}")
    stopped = asyncio.Event()
    if model == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await asyncio.sleep(LOAD_S if model == "slow" else 0)
    fake.loading, fake.deaf = False, model == "wedged"
    say(event="ready", model=fake.model, load_s=0.1)
    await stopped.wait()
    await runner.cleanup()


def main() -> None:
    flags = read_flags()
    complain("Reading the model's name.")
    if flags.model == "missing":
        complain('There is no model "missing"; try smollm2-135m.')
        sys.exit(2)
    if flags.model == "crashing":
        complain("Out of memory.")
        os._exit(1)
    asyncio.run(run(flags))


if __name__ == "__main__":
    main()
