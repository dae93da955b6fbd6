"""What the rules say of an act a person orders by name: forbidden, in need of a yes, or simply fine.

The policy chooses among paths; a person names one act. The act is forbidden when the decision refuses it or a rule
forbids its path. It needs a yes when it is not the cheapest lawful path, or when no rule speaks of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.cases.found import Found
from gateway.orders.suspects import HOLD_RULE, RaisedSign
from gateway.policy.decide import rejection
from gateway.policy.decision import Cost, Decision, Option, Rejection
from gateway.policy.notation import money_object
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import NO_RULE_PERMITS, Path, RefusedAct, ReturnState
from gateway.ports import Operation

_PATHS = {
    Operation.accept_cancellation: Path.buyer_cancel,
    Operation.approve_return: Path.return_refund,
    Operation.ship: Path.fulfil,
}
_REFUSED = {Operation.refund_return: RefusedAct.refund_before_return}
_REJECTIONS = frozenset({Operation.reject_cancellation, Operation.open_dispute})
_HARMLESS = frozenset({Operation.set_tracking})


class Need(StrEnum):
    """Why a yes is needed, beside the approvals the policy names itself."""

    rejection = "rejection"
    no_rule_speaks_of_it = "no_rule_speaks_of_it"
    no_rule_permits_it = "no_rule_permits_it"
    not_the_cheapest = "not_the_cheapest"
    goods_cost_unknown = "goods_cost_unknown"
    suspicious_order = "suspicious_order"


@dataclass(frozen=True, slots=True)
class Judgement:
    """``path`` is the policy's path the act takes, `none` when it has none. ``needs`` say why a yes is needed.

    ``cost`` is what the act is expected to cost, of a rejection what it may cost at most; None where no rule prices
    it. ``words`` are for a person.
    """

    path: Path
    forbidden_by: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    cost: Cost | None = None
    because: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def judge(operation: Operation, found: Found, rules: RuleSet) -> Judgement:
    """Return what the rules say of ``operation`` on an order as it was found. Pure."""
    path = _path_of(operation, found)
    refused = next((each.because for each in found.decision.refused if each.what is _REFUSED.get(operation)), ())
    if refused:
        return Judgement(path, forbidden_by=refused)
    if path is Path.none:
        return _without_path(operation, found, rules)
    option = next(each for each in found.decision.options if each.path is path)
    # an order to ship is never against the rules; what speaks against it is told, and asks for a yes
    if not option.allowed and option.because != (NO_RULE_PERMITS,) and operation is not Operation.ship:
        return Judgement(path, forbidden_by=option.because)
    return _with_path(path, option, found)


def held(judgement: Judgement, signs: Sequence[RaisedSign]) -> Judgement:
    """Return the judgement of a shipment that is held back because of ``signs``. It goes on with a person's yes."""
    why = ", and ".join(sign.words for sign in signs)
    words = f"The order is held as suspicious: {why}. Ask the buyer in the chat before it is shipped ({HOLD_RULE})."
    rules = tuple(dict.fromkeys((*judgement.because, *(sign.rule for sign in signs), HOLD_RULE)))
    return replace(
        judgement,
        needs=(*judgement.needs, Need.suspicious_order),
        because=rules,
        words=(words, *judgement.words),
    )


def money_text(cost: Cost) -> str:
    """Return the total of a cost as people read it."""
    total = money_object(cost.total.amount, cost.total.currency)
    return f"{total['amount']} {total['currency']}"


def _path_of(operation: Operation, found: Found) -> Path:
    if operation is Operation.refund_return:
        received = found.question.scenario.order.return_state is ReturnState.received
        return Path.return_refund if received else Path.refund
    return _PATHS.get(operation, Path.none)


def _with_path(path: Path, option: Option, found: Found) -> Judgement:
    decision = found.decision
    needs: list[str] = []
    words: list[str] = []
    if not option.allowed:
        needs.append(Need.no_rule_permits_it)
        words.append(f"No rule in force permits it here. The rules' answer: {decision.explanation}")
    elif path is not decision.path:
        needs.append(Need.not_the_cheapest)
        words.append(f"It is not the cheapest lawful path. {_cheapest(decision)}")
    else:
        needs += [reason.value for reason in decision.approval]
    if path is Path.refund and gives_unknown_goods(found):
        needs.append(Need.goods_cost_unknown)
        words.append(
            "The buyer keeps the goods, and nobody has said what they are worth: they are counted as nothing. "
            "`gateway facts set goods_cost AMOUNT --order ORDER` tells it."
        )
    if option.cost is not None:
        words.insert(0, f"It is expected to cost {money_text(option.cost)}.")
    return Judgement(path, needs=tuple(needs), cost=option.cost, because=option.because, words=tuple(words))


def gives_unknown_goods(found: Found) -> bool:
    """Tell whether money back would leave goods with the buyer that could come back, and nobody knows their worth."""
    returns = any(option.allowed for option in found.decision.options if option.path is Path.return_refund)
    return returns and "goods_cost" in found.question.defaulted


def _without_path(operation: Operation, found: Found, rules: RuleSet) -> Judgement:
    if operation in _HARMLESS:
        return Judgement(Path.none)
    if operation not in _REJECTIONS:
        words = f"No rule prices it. {_cheapest(found.decision)}"
        return Judgement(Path.none, needs=(Need.no_rule_speaks_of_it,), words=(words,))
    priced = rejection(found.question.scenario, rules)
    words = _rejected(priced) if priced is not None else "No rule prices this rejection."
    return Judgement(
        Path.none,
        needs=(Need.rejection,),
        cost=priced.cost if priced else None,
        because=priced.because if priced else (),
        words=(words, _cheapest(found.decision)),
    )


def _rejected(priced: Rejection) -> str:
    return f"A rejection may cost up to {money_text(priced.cost)} ({', '.join(priced.because)}). {priced.why}"


def _cheapest(decision: Decision) -> str:
    if decision.path is Path.none:
        return f"The rules name no path: {decision.explanation}"
    return (
        f"The cheapest is {decision.action.value} (path {decision.path.value}) at {money_text(decision.cost)}: "
        f"{decision.explanation}"
    )
