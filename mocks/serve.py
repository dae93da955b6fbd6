"""The `gateway-mocks` command: run the platform simulators until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from mocks.kit.running import UnknownPlatform, serve, simulated


def main(argv: list[str] | None = None) -> None:
    """Serve the asked simulators; one JSON line on standard output says when all of them listen.

    Ends cleanly on SIGTERM and SIGINT. Exit code 2 for a wrong command line or a port that cannot be had.
    """
    options = _parser().parse_args(argv)
    try:
        asyncio.run(_serve(options))
    except UnknownPlatform as error:
        sys.exit(_complain(str(error)))
    except OSError as error:
        sys.exit(_complain(f"cannot listen: {error}; choose another --base-port"))


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(
        platforms=[name.strip() for name in options.platforms.split(",") if name.strip()],
        seed=options.seed,
        orders=options.orders,
        clock=options.clock,
        push_to=options.push_to,
        base_port=options.base_port,
        host=options.host,
    ) as addresses:
        sys.stdout.write(json.dumps({"ready": True, "platforms": addresses}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gateway-mocks", description="Stateful simulators of the platforms, with a control API under /_mock."
    )
    parser.add_argument(
        "--base-port",
        type=int,
        required=True,
        help="shopee listens on the next port, tiktok_shop on the one after, and so on; 0 takes free ports",
    )
    parser.add_argument(
        "--platforms", default=",".join(simulated()), help="comma-joined; default: every one that exists"
    )
    parser.add_argument("--seed", type=int, default=7, help="same seed, same orders (default 7)")
    parser.add_argument("--orders", type=int, default=200, help="how many orders to begin with (default 200)")
    parser.add_argument(
        "--clock",
        choices=("real", "virtual"),
        default="real",
        help="real flows and can be moved ahead; virtual stands still until advanced (default real)",
    )
    parser.add_argument("--push-to", metavar="BASE", help="send pushes to BASE/webhooks/<platform>")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default loopback only)")
    return parser


def _complain(text: str) -> int:
    sys.stderr.write(f"gateway-mocks: {text}\n")
    return 2


if __name__ == "__main__":
    main()
