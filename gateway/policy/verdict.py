"""How one path is judged, before the paths are compared."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import NoRuleKnown
from gateway.policy.amount import Amount
from gateway.policy.decision import Cost, CostItem, Option
from gateway.policy.notation import Exact, exact
from gateway.policy.terms import COST_KINDS, NO_RULE_PERMITS, PATHS, Approval, CostKind, Path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway.policy.decision import Step
    from gateway.policy.situation import Situation
    from gateway.policy.terms import Missing


class Allowed(NamedTuple):
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


class Forbidden(NamedTuple):
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

_UNJUDGED: dict[Path, Verdict] = {path: Forbidden(path=path) for path in PATHS}
_PLACE_OF_KIND = {kind: place for place, kind in enumerate(COST_KINDS)}
_NEVER = datetime.max.replace(tzinfo=UTC)


def judged(path: Path, rule: Callable[[Situation], Verdict], situation: Situation) -> Verdict:
    """Return the rule's verdict; where a fact it needs is not known, nothing permits the path (default deny)."""
    try:
        return rule(situation)
    except NoRuleKnown:
        return Forbidden(path=path)


def ranked(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return all six paths, lawful and cheap first (READINGS 11); a path nobody judged is not permitted."""
    every = _UNJUDGED | {verdict.path: verdict for verdict in verdicts}
    lawful: list[Allowed] = []
    others: list[Forbidden] = []
    for verdict in every.values():
        if isinstance(verdict, Allowed):
            lawful.append(verdict)
        else:
            others.append(verdict)
    if len(lawful) > 1:
        lawful.sort(key=lambda each: (each.cost.total.amount, each.ends or _NEVER))  # stable: then the order of paths
    return (*lawful, *others)


def stricter(own: Iterable[Verdict], base: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts by a store's own rules, none laxer than the one by the platform's rules alone.

    A path that either forbids is forbidden, one that is not ready by the platform's rules is as they say, and what
    either wants approved needs approval.
    """
    by_path = {verdict.path: verdict for verdict in base}
    return [_stricter(verdict, by_path[verdict.path]) for verdict in own]


def _stricter(own: Verdict, base: Verdict) -> Verdict:
    if isinstance(own, Forbidden) or isinstance(base, Forbidden):
        return own if isinstance(own, Forbidden) else base
    needed = {*own.approval, *base.approval}
    slower = base if own.ready and not base.ready else own
    return slower._replace(approval=tuple(each for each in Approval if each in needed))


class Charge(NamedTuple):
    """So many of a kind at an exact price each, in minor units."""

    kind: CostKind
    quantity: Exact
    price: Exact
    rule: str | None = None


def cost_of(charges: Sequence[Charge], currency: str, out_of: int = 1) -> Cost:
    """Return one item a kind, summed before rounding, in the order of VALUATION.md; the total sums what is rounded.

    Charges of no quantity leave no item; of several rules for one kind the first is cited. Quantities that are chances
    count so many ``out_of``.
    """
    by_kind: dict[CostKind, tuple[Exact, Exact, str | None]] = {}  # quantity, amount, rule
    for kind, quantity, price, rule in charges:
        if not quantity:
            continue
        if kind in by_kind:
            so_far, amount, first = by_kind[kind]
            by_kind[kind] = so_far + quantity, amount + quantity * price, first or rule
        else:
            by_kind[kind] = quantity, quantity * price, rule
    if not by_kind:
        return _nothing(currency)
    items, total = [], 0
    for kind in sorted(by_kind, key=_PLACE_OF_KIND.__getitem__):
        quantity, amount, rule = by_kind[kind]
        minor = round(exact(amount, out_of))
        total += minor
        items.append(CostItem(kind, exact(quantity, out_of), Amount.rounded(minor, currency), rule))
    return Cost(total=Amount.rounded(total, currency), items=tuple(items))


@cache
def _nothing(currency: str) -> Cost:
    return Cost(total=Amount.zero(currency))
