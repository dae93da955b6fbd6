"""What a platform tells of a shop: its facts, its authorisation, its standing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.model.store import Credential


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What the platform tells about a shop that is being connected. ``extra`` goes into its credential's."""

    external_id: str
    region: str
    name: str = ""
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A credential for one shop, as an authorisation or a refresh gives it.

    An empty ``external_id``: the platform names no shop beside its tokens. The credential is then for the shop it was
    renewed for, and after an authorisation for every shop that `Adapter.describe_shops` lists with it. ``shop`` is
    what the answer itself tells about the shop; None: only `Adapter.describe_shops` does.
    """

    external_id: str
    credential: Credential
    shop: ShopFacts | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure the platform keeps of a store. Texts of decimals, as the platform gave them."""

    metric_id: str
    name: str
    value: str | None
    target: str | None
    unit: str


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What the platform says about a store's standing."""

    penalty_points: int | None
    metrics: Sequence[Metric]
