"""The names of every rule fact the code reads, each with the shape its value must have.

A rule file may set these names and no others; a name nobody sets is "no rule known", never a default. The facts of
every platform, and Shopee's, stand here; the other platforms have a module each.
"""

from __future__ import annotations

from gateway.model.order import Phase
from gateway.policy import facts_1688, facts_tiktok, facts_xiaohongshu
from gateway.policy.fact import (
    Fact,
    read_by_reason,
    read_count,
    read_decimal_number,
    read_texts,
    read_words,
    read_yes,
)
from gateway.policy.terms import EvidenceKind, Reason

EVIDENCE_FOR_BUYER_ASKED = Fact("shared.truth.evidence_for_buyer_asked", read_words(EvidenceKind))
FEWEST_ORDERS_FOR_A_RATE = Fact("shared.rate.fewest_orders", read_count)
LOSS_NEEDING_APPROVAL_CNY = Fact("shared.fulfil.loss_needing_approval_cny", read_decimal_number)
HORIZON_DAYS = Fact("shared.bounds.horizon_days", read_count)

SHOPEE_ACCEPT_REQUEST = Fact("shopee.request.accept_before_shipment", read_yes)
SHOPEE_ANSWER_HOURS = Fact("shopee.request.answer_within_hours", read_count)
SHOPEE_REJECTION_MAY_COUNT = Fact("shopee.request.rejection_may_count", read_yes)
SHOPEE_ACCEPT_REFUND = Fact("shopee.after_sale.accept_refund_request", read_yes)
SHOPEE_ACCEPT_RETURN = Fact("shopee.after_sale.accept_return_request", read_yes)
SHOPEE_GRANT_MORE = Fact("shopee.after_sale.refund_instead_of_return", read_yes)
SHOPEE_MONEY_AFTER_GOODS = Fact("shopee.after_sale.money_after_goods", read_yes)
SHOPEE_CLOSE_PHASES = Fact("shopee.seller_close.phases", read_words(Phase))
SHOPEE_NATIVE_REASONS = Fact("shopee.seller_close.native_reasons", read_by_reason)
SHOPEE_NO_HONEST_REASON = Fact("shopee.seller_close.no_honest_reason", read_words(Reason))
SHOPEE_UNDELIVERABLE_REGIONS = Fact("shopee.seller_close.undeliverable_regions", read_texts)
SHOPEE_UNCOUNTED_REASONS = Fact("shopee.seller_close.uncounted_reasons", read_words(Reason))
SHOPEE_TRUE_REASON_ONLY = Fact("shopee.seller_close.true_reason_only", read_yes)
SHOPEE_REQUEST_COMES_FIRST = Fact("shopee.seller_close.request_comes_first", read_yes)
SHOPEE_LINE_PERCENT = Fact("shopee.rate.line_percent", read_count)
SHOPEE_POINTS_ABOVE_LINE = Fact("shopee.rate.points_above_line", read_count)
SHOPEE_STOP_POINTS = Fact("shopee.rate.stop_points", read_count)
SHOPEE_FULFIL_PHASES = Fact("shopee.fulfil.phases", read_words(Phase))
SHOPEE_FULFIL_REASONS = Fact("shopee.fulfil.reasons", read_words(Reason))
SHOPEE_UNPAID_LAPSES = Fact("shopee.unpaid.platform_cancels", read_yes)
SHOPEE_NEVER_ASK_TO_CANCEL = Fact("shopee.forbidden.ask_buyer_to_cancel", read_yes)
SHOPEE_NEVER_REFUSE_TO_SHIP = Fact("shopee.forbidden.refuse_to_ship", read_yes)
SHOPEE_NEVER_LET_LAPSE = Fact("shopee.forbidden.let_it_lapse", read_yes)
SHOPEE_RATE_WINDOW = Fact("shopee.rate.window_days", read_count)  # read where the store's counts are made

_OWN = globals()

ALL_FACTS: dict[str, Fact[object]] = {
    value.name: value
    for names in (_OWN, vars(facts_xiaohongshu), vars(facts_tiktok), vars(facts_1688))
    for value in list(names.values())
    if isinstance(value, Fact)
}
"""Every fact of this module and of the platforms' modules by its name."""
