"""Tempting acts that the rules forbid, so that nobody does them by hand (READINGS.md, "Edge rulings")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.model.store import Role
from gateway.policy.decision import Refusal
from gateway.policy.terms import Path, RefusedAct, ReturnState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.policy.fact import Fact
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Allowed


_ACTS = tuple(RefusedAct)


def refusals(
    situation: Situation,
    chosen: Allowed | None,
    *,
    while_here: Mapping[RefusedAct, Fact[bool]],
    true_reason_only: Fact[bool],
    money_after_goods: Fact[bool],
) -> tuple[Refusal, ...]:
    """Return what nobody may do here, in the order of `RefusedAct`; ``while_here`` holds for a seller's goods only."""
    forbidding: dict[RefusedAct, Fact[bool]] = {}
    if situation.not_shipped and situation.scenario.store.role is Role.seller:
        forbidding |= while_here
    if situation.states_false_reason:
        forbidding[RefusedAct.false_reason] = true_reason_only
    if _return_is_under_way(situation, chosen):
        forbidding[RefusedAct.refund_before_return] = money_after_goods
    if not forbidding:
        return ()
    cites = {act: _forbids(situation, fact) for act, fact in forbidding.items()}
    return tuple([Refusal(what=act, because=cites[act]) for act in _ACTS if cites.get(act)])


def _return_is_under_way(situation: Situation, chosen: Allowed | None) -> bool:
    """Tell whether goods are to come back on a request before money is paid."""
    return (
        chosen is not None
        and chosen.path is Path.return_refund
        and situation.open_kind is not None
        and situation.order.return_state is not ReturnState.received
    )


def _forbids(situation: Situation, fact: Fact[bool]) -> tuple[str, ...]:
    try:
        known = situation.rules.know(fact)
    except NoRuleKnown:
        return ()
    return known.cites if known.value else ()
