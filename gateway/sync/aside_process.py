"""The process that `gateway.sync.aside` starts: reads pages until its input ends, and knows nothing else.

A frame is eight bytes of length and as many of content. Each one that comes in is a pickled `Unread`; the answer is
the pickled `PreparedBatch`, or nothing when it could not be made: the gateway then reads the page itself, and meets
the error itself. The first frame sent, an empty one, says that the process is ready.
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

LENGTH = 8


def framed(content: bytes) -> bytes:
    """Return the length that stands before ``content``."""
    return len(content).to_bytes(LENGTH)


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
    """Return the prepared orders of a pickled page, pickled; nothing when there is any trouble with it."""
    try:
        unread: Unread = pickle.loads(page)  # noqa: S301 - from the gateway that started this process, on its own pipe
        return pickle.dumps(prepare_batch(unread.read()), pickle.HIGHEST_PROTOCOL)
    except Exception:
        return b""


def _send(sink: BinaryIO, content: bytes) -> None:
    sink.write(framed(content))
    sink.write(content)
    sink.flush()


if __name__ == "__main__":
    main()
