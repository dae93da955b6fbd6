"""Platform id -> adapter, imported when first asked for. Others join through an entry point."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from gateway.errors import ConfigurationError
from gateway.ports import Adapter

_OURS = {
    "alibaba_1688": "adapters.alibaba_1688:adapter",
    "shopee": "adapters.shopee:adapter",
    "tiktok_shop": "adapters.tiktok_shop:adapter",
    "xiaohongshu": "adapters.xiaohongshu:adapter",
}
_GROUP = "order_gateway.adapters"


def platforms() -> tuple[str, ...]:
    """Return the ids of all platforms that can be connected, sorted."""
    return tuple(sorted({*_OURS, *(point.name for point in entry_points(group=_GROUP))}))


@cache
def adapter_for(platform: str) -> Adapter:
    """Return the adapter of a platform.

    Raises ConfigurationError when nobody provides it, naming those that exist.
    """
    target = _OURS.get(platform)
    if target is None:
        point = next(iter(entry_points(group=_GROUP, name=platform)), None)
        if point is None:
            raise ConfigurationError(
                f"No adapter is installed for platform {platform!r}. Known: {', '.join(platforms())}. "
                f"Check the spelling, or install the package that offers it under {_GROUP!r}."
            )
        return cast("Adapter", point.load())
    module, name = target.split(":")
    return cast("Adapter", getattr(import_module(module), name))
