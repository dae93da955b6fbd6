"""The facts of Xiaohongshu that the code reads."""

from __future__ import annotations

from gateway.model.order import Phase
from gateway.policy.fact import Fact, read_count, read_line, read_window, read_words, read_yes
from gateway.policy.terms import EvidenceKind, Reason

XHS_UNPAID_LAPSES = Fact("xiaohongshu.unpaid.platform_cancels", read_yes)
XHS_HOLD_PASSES = Fact("xiaohongshu.on_hold.platform_decides", read_yes)
XHS_ACCEPT_REQUEST = Fact("xiaohongshu.request.accept_before_shipment", read_yes)
XHS_ANSWER_HOURS = Fact("xiaohongshu.request.answer_within_hours", read_count)
XHS_SHIP_HOURS = Fact("xiaohongshu.ship.within_hours", read_count)

XHS_CLOSE_PHASES = Fact("xiaohongshu.seller_close.phases", read_words(Phase))
XHS_INTERCEPT_FIRST = Fact("xiaohongshu.seller_close.intercept_first", read_words(Phase))
XHS_CLOSE_EVIDENCE = Fact("xiaohongshu.seller_close.evidence", read_words(EvidenceKind))
XHS_CONTACT_FIRST = Fact("xiaohongshu.seller_close.contact_first", read_yes)
XHS_HIGH_RISK = Fact("xiaohongshu.seller_close.high_risk", read_yes)
XHS_TRUE_REASON_ONLY = Fact("xiaohongshu.seller_close.true_reason_only", read_yes)
XHS_REQUEST_COMES_FIRST = Fact("xiaohongshu.seller_close.request_comes_first", read_yes)
XHS_WINDOW_IN_STOCK = Fact("xiaohongshu.free_window.in_stock", read_window)
XHS_WINDOW_PRESALE = Fact("xiaohongshu.free_window.presale", read_window)
XHS_WISH_REASONS = Fact("xiaohongshu.free_window.wish_reasons", read_words(Reason))
XHS_CONSENT_REASONS = Fact("xiaohongshu.consent.reasons", read_words(Reason))
XHS_CONSENT_UNUSUAL = Fact("xiaohongshu.consent.unusual_reasons", read_words(Reason))
XHS_CONSENT_LASTS = Fact("xiaohongshu.consent.lasts", read_window)
XHS_NEVER_AWAITED = Fact("xiaohongshu.consent.never_awaited", read_words(Reason))
XHS_SILENCE_REASONS = Fact("xiaohongshu.silence.reasons", read_words(Reason))
XHS_SILENCE_APPROVED = Fact("xiaohongshu.silence.reasons_with_approval", read_words(Reason))

XHS_MESSAGES = Fact("xiaohongshu.contact.messages", read_count)
XHS_MESSAGE_GAP_HOURS = Fact("xiaohongshu.contact.gap_hours", read_count)
XHS_LAST_AFTER_HOURS = Fact("xiaohongshu.contact.last_after_hours", read_count)
XHS_ANNOUNCED_HOURS = Fact("xiaohongshu.contact.announced_ahead_hours", read_count)

XHS_QUOTA = Fact("xiaohongshu.quota.closes_per_month", read_count)
XHS_POINTS_OVER_QUOTA = Fact("xiaohongshu.score.points_over_quota", read_count)
XHS_POINTS_UNTALKED = Fact("xiaohongshu.score.points_without_contact", read_count)  # read by the ledger
XHS_CAMPAIGNS_BELOW = Fact("xiaohongshu.score.campaigns_below", read_count)
XHS_TRAFFIC_BELOW = Fact("xiaohongshu.score.traffic_below", read_count)
XHS_STOP_BELOW = Fact("xiaohongshu.score.stop_below", read_count)
XHS_RATE_TARGET = Fact("xiaohongshu.rate.target", read_line)
XHS_RATE_LINE = Fact("xiaohongshu.rate.line", read_line)
XHS_RATE_WINDOW = Fact("xiaohongshu.rate.window_days", read_count)  # read where the store's counts are made
XHS_CLOSES_COUNT = Fact("xiaohongshu.rate.closes_count", read_yes)
XHS_BATCH_REASONS = Fact("xiaohongshu.batch.reasons", read_words(Reason))
XHS_BATCH_REASONS_IN_WINDOW = Fact("xiaohongshu.batch.reasons_in_free_window", read_words(Reason))
XHS_BATCH_TICKET = Fact("xiaohongshu.batch.support_first", read_yes)
XHS_BATCH_WITHIN_QUOTA = Fact("xiaohongshu.batch.within_quota", read_yes)
XHS_WAIT_FOR_THE_FIRST = Fact("xiaohongshu.quota.wait_for_next_month", read_yes)

XHS_INVITE = Fact("xiaohongshu.invitation.allowed", read_yes)
XHS_NOT_INVITED = Fact("xiaohongshu.invitation.not_for_reasons", read_words(Reason))
XHS_INVITE_LEAST_MINUTES = Fact("xiaohongshu.invitation.least_window_left_minutes", read_count)
XHS_INVITE_STOPS_MINUTES = Fact("xiaohongshu.invitation.stops_before_window_end_minutes", read_count)
XHS_COUPON = Fact("xiaohongshu.invitation.coupon", read_yes)

XHS_FULFIL_PHASES = Fact("xiaohongshu.fulfil.phases", read_words(Phase))
XHS_FULFIL_REASONS = Fact("xiaohongshu.fulfil.reasons", read_words(Reason))
XHS_GIFT_REASONS = Fact("xiaohongshu.fulfil.gift_reasons", read_words(Reason))
XHS_ACCEPT_REFUND = Fact("xiaohongshu.after_sale.accept_refund_request", read_yes)
XHS_ACCEPT_RETURN = Fact("xiaohongshu.after_sale.accept_return_request", read_yes)
XHS_GRANT_MORE = Fact("xiaohongshu.after_sale.refund_instead_of_return", read_yes)
XHS_MONEY_AFTER_GOODS = Fact("xiaohongshu.after_sale.money_after_goods", read_yes)
XHS_INTERCEPT_BEFORE_REFUND = Fact("xiaohongshu.after_sale.intercept_before_refund", read_words(Phase))
XHS_NEVER_REFUSE_TO_SHIP = Fact("xiaohongshu.forbidden.refuse_to_ship", read_yes)
XHS_NEVER_LET_LAPSE = Fact("xiaohongshu.forbidden.let_it_lapse", read_yes)
