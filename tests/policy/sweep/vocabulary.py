"""The enumerations of the exchange format, typed from SCENARIO.md."""

PHASES = (
    "unpaid", "on_hold", "awaiting_shipment", "awaiting_collection", "in_transit", "delivered", "completed",
    "cancelled", "closed", "unknown",
)  # fmt: skip
REASONS = (
    "out_of_stock", "stock_damaged", "price_error", "unwilling", "malicious_order", "buyer_unreachable",
    "system_error", "buyer_asked", "undeliverable_area", "not_delivered", "quality_problem", "changed_mind",
    "force_majeure",
)  # fmt: skip
RETURNS = ("none", "requested", "agreed", "refused", "shipped_back", "received")
INTERCEPTIONS = ("none", "requested", "confirmed", "failed")
KINDS = ("cancellation", "refund", "return_refund")
