"""Answers to a buyer's open request while the goods are still here (READINGS.md item 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.decision import Step
from gateway.policy.terms import Action, Path, Performer
from gateway.policy.verdict import Allowed, Forbidden, cost_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.policy.fact import Fact
    from gateway.policy.situation import Situation
    from gateway.policy.terms import Approval
    from gateway.policy.verdict import Charge, Verdict

GOODS_ARE_HERE = (
    "The buyer has asked to end this order and the goods have not left. "
    "Accepting costs nothing and does not count against the shop."
)


def accept_request(
    situation: Situation,
    accept: Fact[bool],
    *,
    why: str = GOODS_ARE_HERE,
    charges: Sequence[Charge] = (),
    because: tuple[str, ...] = (),
    approval: tuple[Approval, ...] = (),
) -> Verdict:
    """Accept the buyer's open request now, before or after its deadline. Raises NoRuleKnown."""
    known = situation.rules.know(accept)
    if not known.value:
        return Forbidden(path=Path.buyer_cancel, because=known.cites)
    now = situation.as_of
    return Allowed(
        path=Path.buyer_cancel,
        because=(*known.cites, *because),
        why=why,
        steps=(Step(action=Action.accept_request, at=now, performed_by=Performer.gateway),),
        cost=cost_of(charges, situation.currency),
        earliest=now,
        not_before=now,
        ends=now,
        approval=approval,
    )
