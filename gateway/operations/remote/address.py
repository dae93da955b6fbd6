"""Where the socket is, and who is at its other end."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import ConfigurationError

_LONGEST = 100  # bytes of a name that every system takes (Linux 107, macOS 103)
_OPEN_FOLDERS = Path("/proc/self/fd")


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """Yield a name of the socket at ``path`` that fits into an address; it is good while the block lasts.

    Raises ConfigurationError when the path is too long and this system has no other name for it.
    """
    relative = os.path.relpath(path)
    fits = next((name for name in (str(path), relative) if len(os.fsencode(name)) <= _LONGEST), None)
    if fits is not None:
        yield fits
        return
    if not _OPEN_FOLDERS.is_dir():
        raise ConfigurationError(
            f"{path} is too long for a socket's name on this system: {_LONGEST} bytes at most. Move the data folder "
            "to a shorter path, or run the commands from within it with --data `.`."
        )
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"{_OPEN_FOLDERS}/{folder}/{path.name}"
    finally:
        os.close(folder)


def peer_of(connection: socket.socket) -> int | None:
    """Return the user id of the process at the other end; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def is_ours(connection: socket.socket) -> bool:
    """Tell whether this user's process is at the other end. Where the system does not tell, the socket's mode must."""
    return peer_of(connection) in {os.getuid(), None}
