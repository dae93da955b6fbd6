"""What a running gateway may be asked to do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One part of `gateway serve`."""

    sync = "sync"  # pull every store, again and again
    work = "work"  # settle effects, act on pushes, and whatever else falls due
    web = "web"  # receive the callbacks of authorisations
    receiver = "receiver"  # take the platforms' pushes in
