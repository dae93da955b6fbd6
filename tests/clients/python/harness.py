"""What every client script shares: what it is given, how it tells what it saw, a guard that it stays on loopback."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import sys
from typing import Any


def _refuse_beyond_loopback() -> None:
    """End the process when anything, a library included, tries to reach another machine."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def check(host: object) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name in (None, "", "localhost"):
            return
        try:
            local = ipaddress.ip_address(str(name)).is_loopback
        except ValueError:
            local = False
        if not local:
            sys.stderr.write(f"a client tried to reach {name!r}; these tests reach nothing beyond loopback\n")
            sys.stderr.flush()
            os._exit(97)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0])
        connect(self, address)

    def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        check(host)
        return look_up(host, *arguments, **options)

    socket.socket.connect = guarded_connect
    socket.getaddrinfo = guarded_look_up


def given() -> dict[str, Any]:
    """Read the test's orders from standard input: where the simulator is, the credentials, which orders to use."""
    return json.load(sys.stdin)


def tell(**seen: Any) -> None:
    """Hand back what was seen, as the last line of standard output; whatever a library prints stands above it."""
    print()
    print(json.dumps(seen))


_refuse_beyond_loopback()
