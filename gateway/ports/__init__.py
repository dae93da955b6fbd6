"""What the core asks of the outside: a platform adapter, a channel to call through, a clock.

An adapter is stateless. It declares itself in a `Manifest`, builds `Call` objects, reads `Answer` objects and maps
them. Everything that lasts or waits (tokens, cursors, retries, rate limits, effects) belongs to the core.

To add a platform, implement `Adapter` and those of the further protocols its manifest declares:
`OrderSource` always, `AfterSaleSource` when requests are kept apart from orders, `EffectPort` when any capability
beyond reading is `api`, `HealthSource` when the platform tells its own measure of the store, `WebhookSource` when it
pushes, `LostPushSource` when it keeps the pushes that never arrived, `PushSettingsPort` when a call says where they go,
`ReasonSource` when a rejection may need a reason, `ShippingChoiceSource` when a shipment leaves something to choose,
`SealedRecipientSource` when recipients come as ciphertext, `StockPort` when stock can be read and set,
`EvidencePort` when pictures are handed in before an act names them, `TraceSource` when carriers' scans can be read,
`ChatSource` when pushes of the buyers' chat name no buyer.
Where an account also buys (`Manifest.roles`): `RefundChoiceSource` and `SaleLinkPort`.
"""

from gateway.ports.acts import (
    Act,
    Asked,
    Finding,
    Happened,
    PickupPlace,
    RefundChoices,
    RejectReason,
    ShippingChoices,
    ShippingWay,
    WayKind,
)
from gateway.ports.adapter import (
    Adapter,
    AfterSaleSource,
    ChatSource,
    EffectPort,
    EvidencePort,
    HealthSource,
    LostPushSource,
    OrderSource,
    PushSettingsPort,
    ReasonSource,
    RefundChoiceSource,
    SaleLinkPort,
    SealedRecipientSource,
    ShippingChoiceSource,
    StockPort,
    TraceSource,
    WebhookSource,
)
from gateway.ports.calls import Answer, Call, Channel, Signed
from gateway.ports.clock import Clock
from gateway.ports.manifest import BUYING, Limits, Manifest, Offered, Operation, Rate
from gateway.ports.pages import AfterSalePage, BadItem, OrderBatch, OrderPage, RawItem, Unmapped, Unread, Window
from gateway.ports.parcels import ParcelTrace, SaleLink, Scan, StockLevel
from gateway.ports.pushes import AuthorisationNews, ChatNews, Hint, LostPushes, PushSettings
from gateway.ports.shops import Grant, Metric, ShopFacts, StoreHealth

__all__ = [
    "BUYING",
    "Act",
    "Adapter",
    "AfterSalePage",
    "AfterSaleSource",
    "Answer",
    "Asked",
    "AuthorisationNews",
    "BadItem",
    "Call",
    "Channel",
    "ChatNews",
    "ChatSource",
    "Clock",
    "EffectPort",
    "EvidencePort",
    "Finding",
    "Grant",
    "Happened",
    "HealthSource",
    "Hint",
    "Limits",
    "LostPushSource",
    "LostPushes",
    "Manifest",
    "Metric",
    "Offered",
    "Operation",
    "OrderBatch",
    "OrderPage",
    "OrderSource",
    "ParcelTrace",
    "PickupPlace",
    "PushSettings",
    "PushSettingsPort",
    "Rate",
    "RawItem",
    "ReasonSource",
    "RefundChoiceSource",
    "RefundChoices",
    "RejectReason",
    "SaleLink",
    "SaleLinkPort",
    "Scan",
    "SealedRecipientSource",
    "ShippingChoiceSource",
    "ShippingChoices",
    "ShippingWay",
    "ShopFacts",
    "Signed",
    "StockLevel",
    "StockPort",
    "StoreHealth",
    "TraceSource",
    "Unmapped",
    "Unread",
    "WayKind",
    "WebhookSource",
    "Window",
]
