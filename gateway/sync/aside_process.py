"""The process that `gateway.sync.aside` starts: reads pages until its input ends, and knows nothing else.

Each frame that comes in is a pickled `Unread`; the answer is the `PreparedBatch`, packed, or nothing when it could
not be made: the gateway then reads the page itself, and meets the error itself. The first frame sent, an empty one,
says that the process is ready.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
from typing import BinaryIO

from gateway.orders.prepared import prepare_batch
from gateway.ports import Unread
from gateway.sync.frames import LENGTH, framed, packed


def main() -> None:
    """Answer every page on standard input, in order, on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the whole group; the gateway ends this process
    gc.set_threshold(50_000, 20, 50)  # as `gateway.bootstrap.calm_collector`
    source = sys.stdin.buffer
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as sink:
        sys.stdout = sys.stderr
        _send(sink, b"")
        while len(length := source.read(LENGTH)) == LENGTH:
            _send(sink, answer(source.read(int.from_bytes(length))))


def answer(page: bytes) -> bytes:
    """Return the prepared orders of a pickled page, packed; nothing when there is any trouble with it."""
    try:
        unread: Unread = pickle.loads(page)  # noqa: S301 - from the gateway that started this process, on its own pipe
        return packed(prepare_batch(unread.read()), unread)
    except Exception:
        return b""


def _send(sink: BinaryIO, content: bytes) -> None:
    sink.write(framed(content))
    sink.write(content)
    sink.flush()


if __name__ == "__main__":
    main()
