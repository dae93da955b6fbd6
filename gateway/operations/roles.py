"""What a running gateway may be asked to do."""

from __future__ import annotations

from enum import StrEnum

_FORMER = {"work": "worker", "web": "api"}


class Role(StrEnum):
    """One part of `gateway serve`. The former names ``work`` and ``web`` are taken as well."""

    sync = "sync"  # pull every store, again and again
    worker = "worker"  # settle effects, act on pushes, and whatever else falls due
    api = "api"  # receive the callbacks of authorisations
    receiver = "receiver"  # take the platforms' pushes in

    @classmethod
    def _missing_(cls, value: object) -> Role | None:
        return cls(_FORMER[value]) if isinstance(value, str) and value in _FORMER else None
