"""Paths that somebody else ends: the platform by itself, the buyer by an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.decision import Step
from gateway.policy.terms import Action, Awaited, Missing, Path, Performer
from gateway.policy.verdict import Allowed, Forbidden, cost_of

if TYPE_CHECKING:
    from gateway.policy.fact import Fact, Window
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


def wait_for_platform(situation: Situation, fact: Fact[bool], why: str) -> Verdict:
    """Wait for the platform to end or release the order by itself, at no cost. Raises NoRuleKnown."""
    passes = situation.rules.know(fact)
    if not passes.value:
        return Forbidden(path=Path.wait, because=passes.cites)
    ends = situation.order.auto_cancel_at
    until = situation.local(ends) if ends is not None and ends >= situation.scenario.as_of else None
    wait = Step(
        action=Action.wait,
        until=until,
        awaited=(Awaited.platform_cancellation,),
        performed_by=Performer.platform,
    )
    return Allowed(
        path=Path.wait,
        because=passes.cites,
        why=why,
        steps=(wait,),
        cost=cost_of((), situation.currency),
        earliest=situation.as_of,
        not_before=until,
        ends=until,
    )


def let_it_lapse(situation: Situation, never: Fact[bool]) -> Verdict:
    """Never let an order run into the platform's cancellation for late shipment (item 5). Raises NoRuleKnown."""
    return Forbidden(path=Path.wait, because=situation.rules.know(never).cites)


def wait_for_consenting_buyer(situation: Situation, lasts: Fact[Window], because: tuple[str, ...]) -> Verdict:
    """Wait for the application of a buyer who has consented, at no cost, for as long as a consent is waited for.

    A reply without an instant counts as given now and is waited for no longer. Raises NoRuleKnown.
    """
    window = situation.rules.know(lasts)
    replied_at = situation.scenario.contact.replied_at
    if replied_at is not None and not window.value.covers(replied_at, situation.scenario.as_of):
        return Forbidden(path=Path.buyer_cancel, because=window.cites, why="The buyer consented but has not applied.")
    until = situation.as_of if replied_at is None else situation.local(replied_at + window.value.length)
    wait = Step(
        action=Action.wait,
        until=until,
        awaited=(Awaited.buyer_request,),
        performed_by=Performer.buyer,
    )
    return Allowed(
        path=Path.buyer_cancel,
        because=(*because, *window.cites),
        why="The buyer agrees to end this order. Wait for the buyer's own application and accept it, at no cost.",
        steps=(wait, Step(action=Action.accept_request, performed_by=Performer.gateway)),
        cost=cost_of((), situation.currency),
        earliest=None,
        not_before=until,
        ends=until,
        missing=(Missing.buyer_request,),
        ready=False,
    )
