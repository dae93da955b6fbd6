"""Facts at an instant in, one decision out: the lawful path of the least expected cost, every verdict cited."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.model.order import Phase
from gateway.model.store import Platform
from gateway.policy.alibaba_1688 import ALIBABA_1688
from gateway.policy.decision import Decision, Rejection, Step
from gateway.policy.shopee import SHOPEE
from gateway.policy.situation import Situation
from gateway.policy.terms import NO_RULE_PERMITS, Action, Path, Performer
from gateway.policy.tiktok import TIKTOK
from gateway.policy.verdict import Allowed, cost_of, ranked, stricter
from gateway.policy.xiaohongshu import XIAOHONGSHU

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.policy.book import Book
    from gateway.policy.rule_set import RuleSet
    from gateway.policy.scenario import Scenario
    from gateway.policy.verdict import Verdict

_BOOKS: dict[Platform, Book] = {
    Platform.xiaohongshu: XIAOHONGSHU,
    Platform.alibaba_1688: ALIBABA_1688,
    Platform.shopee: SHOPEE,
    Platform.tiktok_shop: TIKTOK,
}
"""The platforms whose rules are written; on every other a person is asked."""

_NOTHING_PERMITS = "No rule in force permits ending or shipping this order here. A person must look at it."
_NOT_UNDERSTOOD = "The platform reports a state nobody has mapped yet. A person must look at the order."
_ENDED = "The order has already ended. There is nothing to do."


def decide(scenario: Scenario, rules: RuleSet) -> Decision:
    """Return what to do next about one order. Pure, and total: every valid scenario gets a decision.

    What no rule in force permits is not allowed; without any lawful path the answer is `ask_person` (SCENARIO.md,
    principles 1 to 8). Equal arguments give equal decisions, whose `canonical_bytes` are equal.
    """
    situation, book, verdicts = _judged(scenario, rules)
    best = verdicts[0]
    if book is not None and isinstance(best, Allowed):
        return _chosen(situation, best, verdicts, book)
    return _nobody_may(situation, verdicts, book)


class Chosen(NamedTuple):
    """The path that `decide` takes (``none``: a person is asked, or nothing is left to do) and every allowed one."""

    path: Path
    allowed: tuple[Path, ...]  # the cheapest first


def verdict(scenario: Scenario, rules: RuleSet) -> Chosen:
    """Return what `decide` chooses among what it allows, in a fraction of its time: for counting over many orders."""
    verdicts = _judged(scenario, rules)[2]
    allowed = tuple(each.path for each in verdicts if isinstance(each, Allowed))
    return Chosen(path=allowed[0] if allowed else Path.none, allowed=allowed)


def answer_by(scenario: Scenario, rules: RuleSet) -> datetime | None:
    """Return by when the open request must be answered: the platform's own word, else the rules'. None: not known."""
    situation = Situation.of(scenario, rules)
    book = _book_in_force(situation)
    if book is not None:
        return book.answer_by(situation)
    request = situation.order.request
    return None if situation.open_kind is None or request is None else request.answer_by


def rejection(scenario: Scenario, rules: RuleSet) -> Rejection | None:
    """Return what it may cost to reject the open request. None where no rule in force prices it."""
    situation = Situation.of(scenario, rules)
    book = _book_in_force(situation)
    return None if book is None else book.rejection(situation)


def _judged(scenario: Scenario, rules: RuleSet) -> tuple[Situation, Book | None, tuple[Verdict, ...]]:
    situation = Situation.of(scenario, rules)
    book = _book_in_force(situation)
    if book is None or situation.has_ended or situation.order.phase is Phase.unknown:
        return situation, book, ranked(())
    verdicts = book.verdicts(situation)
    if rules.base is not None:
        verdicts = stricter(verdicts, _judged(scenario, rules.base)[2])
    return situation, book, ranked(verdicts)


def _book_in_force(situation: Situation) -> Book | None:
    book = _BOOKS.get(situation.platform)
    return book if book is not None and book.in_force(situation) else None


def _chosen(situation: Situation, best: Allowed, verdicts: tuple[Verdict, ...], book: Book) -> Decision:
    step = best.steps[0]
    return Decision(
        id=situation.scenario.id,
        rule_set=situation.rules.rule_set.version,
        path=best.path,
        action=step.action,
        performed_by=step.performed_by or Performer.gateway,
        not_before=best.not_before,
        act_by=situation.act_by(book.answer_by(situation)),
        native_reason=best.native_reason if step.action is Action.close else None,
        approval=best.approval,
        cost=best.cost,
        because=best.because,
        explanation=best.why,
        steps=best.steps,
        options=tuple([verdict.option() for verdict in verdicts]),
        refused=book.refused(situation, best),
    )


def _nobody_may(situation: Situation, verdicts: tuple[Verdict, ...], book: Book | None) -> Decision:
    """No path is allowed, or none is needed any more; without a book no rule is in force."""
    ended = situation.has_ended
    performer = Performer.gateway if ended else Performer.person
    close = next(verdict for verdict in verdicts if verdict.path is Path.seller_close)
    if ended:
        why = _ENDED
    elif situation.order.phase is Phase.unknown:
        why = _NOT_UNDERSTOOD
    else:
        why = close.why or _NOTHING_PERMITS
    return Decision(
        id=situation.scenario.id,
        rule_set=situation.rules.rule_set.version,
        path=Path.none,
        action=Action.none if ended else Action.ask_person,
        performed_by=performer,
        not_before=None,
        act_by=situation.act_by(book.answer_by(situation)) if book else None,
        native_reason=None,
        approval=(),
        cost=cost_of((), situation.currency),
        because=(NO_RULE_PERMITS,) if ended else close.because,
        explanation=why,
        steps=() if ended else (Step(action=Action.ask_person, performed_by=performer),),
        options=tuple([verdict.option() for verdict in verdicts]),
        refused=book.refused(situation, None) if book else (),
    )
