"""Apps, stores and what a store is worth trusting with."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from gateway.model.base import Frozen, Instant


class Platform(StrEnum):
    """Whose rules the policy layer goes by. ``other``: a platform it has no rules for, where a person is asked."""

    xiaohongshu = "xiaohongshu"
    shopee = "shopee"
    tiktok_shop = "tiktok_shop"
    alibaba_1688 = "alibaba_1688"
    other = "other"

    @classmethod
    def of(cls, platform: str) -> Platform:
        """Return whose rules hold on the platform of an adapter."""
        return cls(platform) if platform in set(cls) else cls.other


class Role(StrEnum):
    """On which side of its orders a store stands; ``buyer`` exists on 1688 only."""

    seller = "seller"
    buyer = "buyer"


class StoreMode(StrEnum):
    """How far the gateway may go in a store."""

    observe = "observe"  # reads only; the transport refuses writes
    ask = "ask"  # every effect needs a person's yes
    act = "act"


class StoreState(StrEnum):
    """Whether the store's authorisation works."""

    connected = "connected"
    disconnected = "disconnected"  # a person must authorise again


class App(Frozen):
    """Our registration with a platform. One app serves many stores. Its secret is kept apart, encrypted."""

    id: str  # our name for it, unique within the gateway
    platform: str
    key: str  # the platform's public id of the app (Shopee partner_id)
    base_url: str


class Store(Frozen):
    """One authorised shop."""

    id: str  # our name for it, unique within the gateway
    app: str
    platform: str
    external_id: str  # the platform's id of the shop
    role: Role = Role.seller
    region: str
    currency: str
    time_zone: str
    name: str = ""
    mode: StoreMode = StoreMode.observe
    state: StoreState = StoreState.connected
    state_reason: str = ""


class Credential(Frozen):
    """What opens a store's API. Never printed: the representation hides it, the store keeps it encrypted."""

    access_token: str = Field(repr=False)
    refresh_token: str = Field(default="", repr=False)
    expires_at: Instant
    refresh_expires_at: Instant | None = None
    extra: dict[str, str] = Field(default_factory=dict, repr=False)


class AppSecret(Frozen):
    """The secret an app signs with, and the one its pushes are signed with when that differs."""

    sign_key: str = Field(repr=False)
    push_key: str = Field(default="", repr=False)
