"""Every rule by its id: the facts that rest on it, or what it advises, with what it says at a date and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.errors import NotFound
from gateway.policy.advice import USES
from gateway.policy.fact import Line, Window
from gateway.policy.notation import decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from gateway.policy.advice import Advice
    from gateway.policy.rule_set import DatedValue, History, RuleSet, Source

DECIDING = "decisions"
"""What uses a rule that decisions are computed from; the others name a key of `USES`."""


_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: either facts rest on it (the one it is named first for stands first), or it is ``advice``."""

    id: str
    facts: tuple[History, ...]
    advice: Advice | None

    @property
    def title(self) -> str:
        """What the rule says, in one line."""
        return self.advice.title if self.advice is not None else self.facts[0].title

    @property
    def used_by(self) -> str:
        """Which part of the product reads it."""
        return self.advice.used_by if self.advice is not None else DECIDING

    @property
    def use(self) -> str:
        """What that part is, in words."""
        return USES[self.advice.used_by] if self.advice is not None else "which path a decision allows, and its cost"


@dataclass(frozen=True, slots=True)
class Change:
    """How one fact differs between two dates; None: no value is in force."""

    fact: History
    before: DatedValue | None
    after: DatedValue | None


def register(rules: RuleSet) -> dict[str, Rule]:
    """Return every rule by its id, in the order of the ids."""
    facts: dict[str, list[tuple[int, History]]] = {}
    for history in rules.facts.values():
        for place, rule in enumerate(history.cites):
            facts.setdefault(rule, []).append((place, history))
    every = {
        rule: Rule(rule, tuple(history for _, history in sorted(found, key=lambda each: each[0])), None)
        for rule, found in facts.items()
    }
    every |= {rule: Rule(rule, (), advice) for rule, advice in rules.advice.items()}
    return {rule: every[rule] for rule in sorted(every, key=_in_order)}


def _in_order(rule: str) -> tuple[str, int]:
    head, _, number = rule.rpartition("-")
    return (head, int(number)) if number.isdigit() else (rule, 0)


def rule_named(rules: RuleSet, wanted: str) -> Rule:
    """Return the rule with this id, or the one a fact rests on first. Raises NotFound with ids that look alike."""
    every = register(rules)
    if (found := every.get(wanted.upper())) is not None:
        return found
    if (history := rules.facts.get(wanted)) is not None:
        return Rule(history.cites[0], (history,), None)
    prefix = wanted.upper().split("-", maxsplit=1)[0]
    alike = [rule for rule in every if rule.startswith(prefix)] or sorted({rule.split("-")[0] for rule in every})
    shown = ", ".join(alike[:12]) + (", ..." if len(alike) > 12 else "")
    raise NotFound(f"There is no rule {wanted} in rule set {rules.version}. There are: {shown}.")


def value_at(history: History, day: date, known_by: date) -> DatedValue | None:
    """Return what a fact is on a day, as far as it was published by another; None: not in force, or only announced."""
    reached = [each for each in history.values if each.in_force <= day and each.published <= known_by]
    return reached[-1] if reached and reached[-1].known else None


def changes(rules: RuleSet, before: date, after: date) -> Iterator[Change]:
    """Yield every fact whose value in force differs between two dates, each known as of its own date."""
    for history in rules.facts.values():
        old, new = value_at(history, before, before), value_at(history, after, after)
        if (old.value if old else None) != (new.value if new else None) or (old is None) != (new is None):
            yield Change(history, old, new)


def sources_of(rule: Rule, rules: RuleSet, day: date) -> tuple[Source, ...]:
    """Return who says so, each once: the sources of the values in force on a day, or of the advice."""
    if rule.advice is not None:
        return (rules.sources[rule.advice.source],)
    dated = (value_at(history, day, day) for history in rule.facts)
    return tuple(rules.sources[name] for name in dict.fromkeys(each.source for each in dated if each is not None))


def spelt(value: object) -> object:
    """Return a fact's value as plain words, numbers, lists and dicts; words of a set in the order of their list."""
    if isinstance(value, Window):
        seconds = int(value.length.total_seconds())
        unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
        return {unit: seconds // length, "inclusive": value.inclusive}
    if isinstance(value, Line):
        return {"percent": value.percent, "inclusive": value.inclusive}
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, frozenset):
        return [each.value for kind in {type(each) for each in value} for each in kind if each in value]
    if isinstance(value, dict):
        return {str(key): spelt(each) for key, each in value.items()}
    return [spelt(each) for each in value] if isinstance(value, tuple) else value
