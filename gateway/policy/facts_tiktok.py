"""The facts of TikTok Shop Japan that the code reads."""

from __future__ import annotations

from gateway.model.order import Phase
from gateway.policy.fact import Fact, read_by_reason, read_count, read_texts, read_window, read_words, read_yes
from gateway.policy.terms import Reason

TIKTOK_REGIONS = Fact("tiktok_shop.region.known", read_texts)
TIKTOK_UNPAID_LAPSES = Fact("tiktok_shop.unpaid.platform_cancels", read_yes)
TIKTOK_FREE_HOUR = Fact("tiktok_shop.buyer.cancels_freely", read_window)
TIKTOK_ACCEPT_REQUEST = Fact("tiktok_shop.request.accept_before_shipment", read_yes)
TIKTOK_ANSWER_HOURS = Fact("tiktok_shop.request.answer_within_hours", read_count)
TIKTOK_UNANSWERED_IS_APPROVED = Fact("tiktok_shop.request.unanswered_is_approved", read_yes)
TIKTOK_LATE_COUNTS = Fact("tiktok_shop.request.late_shipment_counts", read_yes)
TIKTOK_OVERDUE_ACCEPTED = Fact("tiktok_shop.overdue.accepted", read_yes)
TIKTOK_OVERDUE_DAYS = Fact("tiktok_shop.overdue.local_days", read_count)
TIKTOK_OVERDUE_DAYS_ABROAD = Fact("tiktok_shop.overdue.cross_border_days", read_count)
TIKTOK_CLOSE_PHASES = Fact("tiktok_shop.seller_close.phases", read_words(Phase))
TIKTOK_NATIVE_REASONS = Fact("tiktok_shop.seller_close.native_reasons", read_by_reason)
TIKTOK_UNUSUAL_REASONS = Fact("tiktok_shop.seller_close.unusual_reasons", read_words(Reason))
TIKTOK_UNCOUNTED_REASONS = Fact("tiktok_shop.seller_close.uncounted_reasons", read_words(Reason))
TIKTOK_TRUE_REASON_ONLY = Fact("tiktok_shop.seller_close.true_reason_only", read_yes)
TIKTOK_REQUEST_COMES_FIRST = Fact("tiktok_shop.seller_close.request_comes_first", read_yes)
TIKTOK_TELL_THE_BUYER = Fact("tiktok_shop.seller_close.tell_the_buyer", read_yes)
TIKTOK_FULFIL_PHASES = Fact("tiktok_shop.fulfil.phases", read_words(Phase))
TIKTOK_FULFIL_REASONS = Fact("tiktok_shop.fulfil.reasons", read_words(Reason))
TIKTOK_ACCEPT_REFUND = Fact("tiktok_shop.after_sale.accept_refund_request", read_yes)
TIKTOK_ACCEPT_RETURN = Fact("tiktok_shop.after_sale.accept_return_request", read_yes)
TIKTOK_GRANT_MORE = Fact("tiktok_shop.after_sale.refund_instead_of_return", read_yes)
TIKTOK_MONEY_AFTER_GOODS = Fact("tiktok_shop.after_sale.money_after_goods", read_yes)
TIKTOK_NEVER_ASK_TO_CANCEL = Fact("tiktok_shop.forbidden.ask_buyer_to_cancel", read_yes)
TIKTOK_NEVER_REFUSE_TO_SHIP = Fact("tiktok_shop.forbidden.refuse_to_ship", read_yes)
TIKTOK_NEVER_LET_LAPSE = Fact("tiktok_shop.forbidden.let_it_lapse", read_yes)
