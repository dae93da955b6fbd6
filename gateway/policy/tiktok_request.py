"""TikTok Shop Japan: a buyer's open request, answered, left to the platform, or overdue (TTJ-11 to TTJ-17)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.model.order import Phase
from gateway.policy.after_sale import goods_lost
from gateway.policy.answering import GOODS_ARE_HERE, accept_request
from gateway.policy.decision import Step
from gateway.policy.facts_tiktok import (
    TIKTOK_ACCEPT_REQUEST,
    TIKTOK_ANSWER_HOURS,
    TIKTOK_LATE_COUNTS,
    TIKTOK_NEVER_ASK_TO_CANCEL,
    TIKTOK_NEVER_LET_LAPSE,
    TIKTOK_OVERDUE_ACCEPTED,
    TIKTOK_OVERDUE_DAYS,
    TIKTOK_OVERDUE_DAYS_ABROAD,
    TIKTOK_UNANSWERED_IS_APPROVED,
)
from gateway.policy.terms import (
    Action,
    Approval,
    Awaited,
    CostKind,
    Path,
    Performer,
    RequestKind,
    RequestReason,
)
from gateway.policy.verdict import Allowed, Forbidden, cost_of
from gateway.policy.waiting import let_it_lapse

if TYPE_CHECKING:
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Charge, Verdict

_COUNTED = (
    "The buyer asks to cancel since the goods were not shipped in time, and they have not left. "
    "Accepting counts once against the shop."
)


def buyer_cancel(situation: Situation) -> Verdict:
    """Accept the open request while its deadline lasts; afterwards the platform has the word. Raises NoRuleKnown."""
    if situation.open_kind is None:
        return Forbidden(
            path=Path.buyer_cancel,
            because=situation.rules.know(TIKTOK_NEVER_ASK_TO_CANCEL).cites,
            why="The buyer has not asked to cancel, and on TikTok Shop nobody may ask the buyer to.",
        )
    charges, cites = _charges(situation)
    deadline = situation.deadline(TIKTOK_ANSWER_HOURS)
    approved = situation.rules.know(TIKTOK_UNANSWERED_IS_APPROVED)
    if approved.value and deadline is not None and deadline < situation.scenario.as_of:
        why = "The time to answer is over, and the platform approves the buyer's request by itself."
        return _left_to_platform(situation, Path.buyer_cancel, None, why)
    why = _COUNTED if charges else GOODS_ARE_HERE
    return accept_request(situation, TIKTOK_ACCEPT_REQUEST, why=why, charges=charges, because=cites)


def wait_for_approval(situation: Situation) -> Verdict:
    """Let an open request be approved by the platform at its deadline; without one nothing may lapse (TTJ-17, 22)."""
    deadline = situation.deadline(TIKTOK_ANSWER_HOURS)
    approved = situation.rules.know(TIKTOK_UNANSWERED_IS_APPROVED)
    if not approved.value or deadline is None or deadline < situation.scenario.as_of:
        return let_it_lapse(situation, TIKTOK_NEVER_LET_LAPSE)
    why = "The buyer's request is approved by the platform if nobody answers it. Wait until then."
    return _left_to_platform(situation, Path.wait, situation.local(deadline), why)


def _left_to_platform(situation: Situation, path: Path, until: datetime | None, why: str) -> Allowed:
    charges, cites = _charges(situation)
    wait = Step(
        action=Action.wait, until=until, awaited=(Awaited.platform_cancellation,), performed_by=Performer.platform
    )
    return Allowed(
        path=path,
        because=(*situation.rules.know(TIKTOK_UNANSWERED_IS_APPROVED).cites, *cites),
        why=why,
        steps=(wait,),
        cost=cost_of(charges, situation.currency),
        earliest=situation.as_of,
        not_before=until,
        ends=until,
    )


def _charges(situation: Situation) -> tuple[list[Charge], tuple[str, ...]]:
    """Charge a request that blames late shipment as one cancellation of the seller (TTJ-12). Raises NoRuleKnown."""
    request, counts = situation.order.request, situation.rules.know(TIKTOK_LATE_COUNTS)
    if not counts.value or request is None or request.reason is not RequestReason.late_shipment:
        return [], ()
    return [situation.charge(CostKind.counted_cancellation, 1, counts.cites[0])], counts.cites


def is_overdue(situation: Situation) -> bool:
    """Tell whether a buyer who asks to cancel a parcel under way has waited too long for it (TTJ-13, 14).

    Overdue begins at 00:00 in the store's zone, so many calendar days after the day of the latest delivery.
    """
    order = situation.order
    if order.phase is not Phase.in_transit or situation.open_kind is not RequestKind.cancellation:
        return False
    if order.latest_delivery_at is None:
        return False
    try:
        days = situation.rules.value(TIKTOK_OVERDUE_DAYS_ABROAD if order.cross_border else TIKTOK_OVERDUE_DAYS)
    except NoRuleKnown:
        return False
    expected = situation.local(order.latest_delivery_at)
    begins = datetime.combine(expected.date() + timedelta(days=days + 1), time(), expected.tzinfo)
    return situation.scenario.as_of >= begins


def accept_overdue(situation: Situation) -> Verdict:
    """Accept the cancellation of an overdue parcel: goods and parcel are lost (TTJ-13, 14). Raises NoRuleKnown."""
    lost = goods_lost(situation.order)
    return accept_request(
        situation,
        TIKTOK_OVERDUE_ACCEPTED,
        why="The parcel is overdue and the buyer may cancel. The goods are lost to the shop.",
        charges=lost,
        approval=(Approval.goods_lost,) if cost_of(lost, situation.currency).total.amount > 0 else (),
    )
