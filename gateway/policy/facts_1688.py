"""The facts of 1688 that the code reads, as a seller and as a buyer."""

from __future__ import annotations

from gateway.model.order import Phase
from gateway.policy.fact import Fact, read_by_reason, read_count, read_window, read_words, read_yes
from gateway.policy.terms import EvidenceKind, Reason

ALI_CLOSE_UNPAID = Fact("alibaba_1688.unpaid.either_side_closes", read_yes)
ALI_CLOSE_AFTER_SECONDS = Fact("alibaba_1688.unpaid.closes_after_seconds", read_count)
ALI_NATIVE_REASONS = Fact("alibaba_1688.unpaid.native_reasons", read_by_reason)
ALI_ACCEPT_REQUEST = Fact("alibaba_1688.request.accept_before_shipment", read_yes)
ALI_REQUEST_COMES_FIRST = Fact("alibaba_1688.seller_close.request_comes_first", read_yes)
ALI_SUPPORT_PHASES = Fact("alibaba_1688.seller_close.phases", read_words(Phase))
ALI_SUPPORT_EVIDENCE = Fact("alibaba_1688.seller_close.evidence", read_words(EvidenceKind))
ALI_CONSENT_FIRST = Fact("alibaba_1688.seller_close.consent_first", read_yes)
ALI_TRUE_REASON_ONLY = Fact("alibaba_1688.seller_close.true_reason_only", read_yes)
ALI_TALK_FIRST = Fact("alibaba_1688.consent.talk_first", read_yes)
ALI_CONSENT_LASTS = Fact("alibaba_1688.consent.lasts", read_window)
ALI_FULFIL_PHASES = Fact("alibaba_1688.fulfil.phases", read_words(Phase))
ALI_FULFIL_REASONS = Fact("alibaba_1688.fulfil.reasons", read_words(Reason))
ALI_ACCEPT_REFUND = Fact("alibaba_1688.after_sale.accept_refund_request", read_yes)
ALI_ACCEPT_RETURN = Fact("alibaba_1688.after_sale.accept_return_request", read_yes)
ALI_GRANT_MORE = Fact("alibaba_1688.after_sale.refund_instead_of_return", read_yes)
ALI_MONEY_AFTER_GOODS = Fact("alibaba_1688.after_sale.money_after_goods", read_yes)
ALI_BUYER_REFUND = Fact("alibaba_1688.purchase.refund_before_shipment", read_yes)
ALI_BUYER_RETURN = Fact("alibaba_1688.purchase.return_after_shipment", read_yes)
ALI_BUYER_DISPUTE = Fact("alibaba_1688.purchase.dispute_when_refused", read_yes)
ALI_NEVER_ASK_TO_CANCEL = Fact("alibaba_1688.forbidden.ask_buyer_to_cancel", read_yes)
ALI_NEVER_REFUSE_TO_SHIP = Fact("alibaba_1688.forbidden.refuse_to_ship", read_yes)
ALI_NEVER_LET_LAPSE = Fact("alibaba_1688.forbidden.let_it_lapse", read_yes)
