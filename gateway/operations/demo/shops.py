"""The shops of the demo: which of each simulator's are connected, and how, as their sellers would do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.model.store import AppSecret, Store, StoreMode
from gateway.operations.apps import add_app
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context
from gateway.operations.simulated import Simulator
from gateway.operations.stores import set_store_mode

Told: TypeAlias = Mapping[str, Any]
"""`GET /_mock/credentials` of a simulator."""


@dataclass(frozen=True, slots=True)
class Registration:
    """How an app of a platform is registered, and the callbacks that its sellers' authorisations bring."""

    key: Callable[[Told], str]
    secret: Callable[[Told], AppSecret]
    callbacks: Callable[[Told], Iterable[Mapping[str, str]]]


REGISTRATIONS: Mapping[str, Registration] = {
    "shopee": Registration(
        lambda told: str(told["partner_id"]),
        lambda told: AppSecret(sign_key=told["partner_key"], push_key=told["push_partner_key"]),
        # one shop each that has money with decimals and money without
        lambda told: [
            {"code": code, "shop_id": str(shop["shop_id"])}
            for code, shop in zip(
                told["auth_codes"], (each for each in told["stores"] if each["region"] in {"SG", "VN"}), strict=False
            )
        ],
    ),
    "tiktok_shop": Registration(
        lambda told: told["app_key"],
        lambda told: AppSecret(sign_key=told["app_secret"]),
        lambda told: [{"code": code} for code, _ in zip(told["auth_codes"], told["stores"], strict=False)],
    ),
    "xiaohongshu": Registration(
        lambda told: told["app_id"],
        lambda told: AppSecret(sign_key=told["app_secret"]),
        lambda told: [{"code": code} for code, _ in zip(told["auth_codes"], told["stores"], strict=False)],
    ),
    "alibaba_1688": Registration(  # one account, in both roles
        lambda told: told["app_key"],
        lambda told: AppSecret(sign_key=told["app_secret"]),
        lambda told: [{"code": told["auth_codes"][0]}],
    ),
}
"""By platform."""


async def connect(gateway: Context, doors: Mapping[str, Simulator]) -> list[Store]:
    """Register an app on each platform and connect its shops; return them, ready to be acted in."""
    stores: list[Store] = []
    for platform, door in doors.items():
        told = await door.read("/credentials")
        how = REGISTRATIONS[platform]
        app = await add_app(
            gateway,
            name=f"demo-{platform}",
            platform=platform,
            key=how.key(told),
            secret=how.secret(told),
            base_url=door.base_url,
        )
        for callback in how.callbacks(told):
            stores += [
                await set_store_mode(gateway, connected.store.id, StoreMode.act, by="demo")
                for connected in await connect_with(gateway, app.id, callback)
            ]
    return stores
