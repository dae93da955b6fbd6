"""How one path is judged, before the paths are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.policy.amount import Amount
from gateway.policy.decision import Cost, CostItem, Option
from gateway.policy.terms import NO_RULE_PERMITS, PATHS, CostKind, Path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.policy.decision import Step
    from gateway.policy.situation import Situation
    from gateway.policy.terms import Approval, Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A lawful path: its next step and forecast, its expected cost, and when it ends (None: not known).

    ``earliest`` is the first ready instant, None when it hangs on somebody else's act. ``not_before`` is the instant of
    the next step; of a wait, until when. ``why`` is for the shop assistant.
    """

    path: Path
    because: tuple[str, ...]
    why: str
    steps: tuple[Step, ...]
    cost: Cost
    earliest: datetime | None
    not_before: datetime | None
    ends: datetime | None
    missing: tuple[Missing, ...] = ()
    ready: bool = True
    approval: tuple[Approval, ...] = ()
    native_reason: str | None = None

    def option(self) -> Option:
        """Return the path as the decision lists it."""
        return Option(
            path=self.path,
            allowed=True,
            ready=self.ready,
            earliest=self.earliest,
            missing=self.missing,
            cost=self.cost,
            because=self.because,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """A path that is not lawful here, with the rules that forbid it."""

    path: Path
    because: tuple[str, ...] = (NO_RULE_PERMITS,)
    why: str = ""

    def option(self) -> Option:
        """Return the path as the decision lists it."""
        return Option(
            path=self.path, allowed=False, ready=False, earliest=None, missing=(), cost=None, because=self.because
        )


Verdict = Allowed | Forbidden

_NEVER = datetime.max.replace(tzinfo=UTC)


def judged(path: Path, rule: Callable[[Situation], Verdict], situation: Situation) -> Verdict:
    """Return the rule's verdict; where a fact it needs is not known, nothing permits the path (default deny)."""
    try:
        return rule(situation)
    except NoRuleKnown:
        return Forbidden(path=path)


def ranked(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return all six paths, lawful and cheap first (READINGS 11); a path nobody judged is not permitted."""
    judged_paths = {verdict.path: verdict for verdict in verdicts}
    every = [judged_paths.get(path, Forbidden(path=path)) for path in PATHS]
    lawful = [verdict for verdict in every if isinstance(verdict, Allowed)]
    lawful.sort(key=lambda each: (each.cost.total.amount, each.ends or _NEVER))  # stable: then the order of paths
    return (*lawful, *(verdict for verdict in every if isinstance(verdict, Forbidden)))


@dataclass(frozen=True, slots=True)
class Charge:
    """So many of a kind at an exact price each."""

    kind: CostKind
    quantity: Fraction
    price: Fraction
    rule: str | None = None


def cost_of(charges: Iterable[Charge], currency: str) -> Cost:
    """Return one item a kind, summed before rounding, in the order of VALUATION.md; the total sums what is rounded.

    Charges of no quantity leave no item; of several rules for one kind the first is cited.
    """
    by_kind: dict[CostKind, list[Charge]] = {}
    for charge in charges:
        if charge.quantity:
            by_kind.setdefault(charge.kind, []).append(charge)
    items = tuple(_item(by_kind[kind], currency) for kind in CostKind if kind in by_kind)
    total = sum((Fraction(item.amount.amount) for item in items), Fraction(0))
    return Cost(total=Amount.rounded(total, currency), items=items)


def _item(charges: list[Charge], currency: str) -> CostItem:
    exact = sum((charge.quantity * charge.price for charge in charges), Fraction(0))
    return CostItem(
        kind=charges[0].kind,
        quantity=sum((charge.quantity for charge in charges), Fraction(0)),
        amount=Amount.rounded(exact, currency),
        rule=next((charge.rule for charge in charges if charge.rule), None),
    )
