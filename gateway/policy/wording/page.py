"""A whole decision as a page of text: choice and why, next step, all six paths, what is forbidden, the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.policy.notation import money_object, quantity_text
from gateway.policy.register import register, sources_of
from gateway.policy.terms import NO_RULE_PERMITS, Action, Path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from gateway.policy.amount import Amount
    from gateway.policy.decision import Cost, Decision, Option, Step
    from gateway.policy.register import Rule
    from gateway.policy.rule_set import RuleSet
    from gateway.policy.scenario import Scenario
    from gateway.policy.wording.catalog import Texts


_MOST_TITLES = 3  # a reading may stand behind many facts


@dataclass(frozen=True, slots=True)
class Told:
    """One decision, about to be told in one language."""

    decision: Decision
    scenario: Scenario
    rules: RuleSet
    texts: Texts

    def page(self) -> str:
        """Return the page, a line each fact, times in the store's time zone."""
        parts = (self._head(), self._choice(), self._next(), self._plan(), self._options(), self._refused())
        blocks = ["\n".join(lines) for part in (*parts, self._citations()) if (lines := list(part))]
        return "\n\n".join(blocks)

    def line(self) -> str:
        """Return the shortest form, for a list of decisions: the path, its cost and the next step."""
        decision = self.decision
        told = [self._say(f"path.{decision.path}"), money(decision.cost.total), self._step_words(decision.steps[:1])]
        return f"{decision.id or '-'}: " + " | ".join(each for each in told if each)

    def _say(self, key: str, **slots: object) -> str:
        return self.texts.say(key, **slots)

    def _page(self, key: str, **slots: object) -> str:
        return self._say(f"page.{key}", **slots)

    def _label(self, key: str) -> str:
        return self._page(key) + self._page("colon")

    @property
    def _comma(self) -> str:
        return self._page("comma")

    def _head(self) -> Iterator[str]:
        scenario, order = self.scenario, self.scenario.order
        about = [
            self._say(f"platform.{scenario.store.platform}"),
            self._say(f"phase.{order.phase}"),
            moment(scenario.as_of, scenario.store.zone),
        ]
        yield f"{self._page('order')} {scenario.id or ''}".rstrip() + self._page("colon") + self._comma.join(about)
        asked = [self._say(f"reason.{scenario.intent.reason}")]
        if scenario.intent.batch_size > 1:
            asked.append(self._page("batch", count=scenario.intent.batch_size))
        yield f"{self._label('asked')}{self._comma.join(asked)}"

    def _choice(self) -> Iterator[str]:
        decision = self.decision
        cost = "" if decision.path is Path.none else f" ({self._page('expected_cost')} {money(decision.cost.total)})"
        yield f"{self._label('decision')}{self._say(f'path.{decision.path}')}{cost}"
        yield f"  {self._label('why')}{self.texts.explain(decision.explanation)}"
        yield from (f"  {each}" for each in self._cost(decision.cost))

    def _next(self) -> Iterator[str]:
        decision, zone = self.decision, self.scenario.store.zone
        if decision.action is Action.none:
            return
        yield f"{self._label('next_step')}{self._step_words(decision.steps[:1]) or self._say('action.ask_person')}"
        yield f"  {self._label('who')}{self._say(f'performer.{decision.performed_by}')}"
        yield f"  {self._label('when')}{self._when()}"
        if decision.act_by is not None:
            passed = "" if decision.act_by >= self.scenario.as_of else f" ({self._page('act_by_passed')})"
            yield f"  {self._label('act_by')}{moment(decision.act_by, zone)}{passed}"
        if decision.native_reason is not None:
            yield f"  {self._label('native_reason')}{decision.native_reason}"
        for reason in decision.approval:
            yield f"  {self._label('approval')}{self._say(f'approval.{reason}')}"

    def _when(self) -> str:
        decision = self.decision
        if decision.not_before is None:
            return self._page("now") if decision.action is not Action.wait else self._page("open_end")
        if decision.action is not Action.wait and decision.not_before <= self.scenario.as_of:
            return self._page("now")
        word = "wait_until" if decision.action is Action.wait else "not_before"
        return f"{self._page(word)} {moment(decision.not_before, self.scenario.store.zone)}"

    def _plan(self) -> Iterator[str]:
        later = self.decision.steps[1:]
        if later:
            yield self._label("plan").rstrip()
        for number, step in enumerate(later, start=2):
            yield f"  {number}. {self._step_words((step,), with_time=True)}"

    def _step_words(self, steps: Iterable[Step], *, with_time: bool = False) -> str:
        for step in steps:
            words = self._say(f"action.{step.action}")
            if step.purpose is not None:
                words += f" ({self._say(f'purpose.{step.purpose}')})"
            if step.awaited:
                words += self._page("colon") + self._comma.join(self._say(f"awaited.{each}") for each in step.awaited)
            if step.condition is not None:
                words = self._label(f"on_{step.condition}") + words
            if not with_time:
                return words
            if (at := step.at or step.until) is not None:
                until = f"{self._page('wait_until')} " if step.at is None else ""
                words += f"{self._comma}{until}{moment(at, self.scenario.store.zone)}"
            return words + (self._comma + self._say(f"performer.{step.performed_by}") if step.performed_by else "")
        return ""

    def _options(self) -> Iterator[str]:
        yield self._label("options").rstrip()
        for number, option in enumerate(self.decision.options, start=1):
            standing = self._standing(option)
            cost = self._comma + money(option.cost.total) if option.cost is not None else ""
            yield f"  {number}. {self._say(f'path.{option.path}')}{self._page('colon')}{standing}{cost}"
            yield from (f"     {each}" for each in self._details(option))

    def _standing(self, option: Option) -> str:
        if not option.allowed:
            return self._page("not_allowed")
        return self._page("allowed_ready" if option.ready else "allowed")

    def _details(self, option: Option) -> Iterator[str]:
        if option.cost is not None:
            yield from self._cost(option.cost)
        if option.missing:
            yield f"{self._label('missing')}{self._comma.join(self._say(f'missing.{each}') for each in option.missing)}"
        if not option.ready and option.earliest is not None:
            yield f"{self._label('ready_from')}{moment(option.earliest, self.scenario.store.zone)}"
        yield f"{self._label('rules')}{self._ids(option.because)}"

    def _cost(self, cost: Cost) -> Iterator[str]:
        items = [
            f"{self._say(f'cost.{item.kind}')} x {quantity_text(item.quantity)} = {money(item.amount)}"
            + (f" [{item.rule}]" if item.rule else "")
            for item in cost.items
        ]
        if items:
            yield f"{self._label('cost')}{'; '.join(items)}"

    def _ids(self, because: Iterable[str]) -> str:
        return self._comma.join(self._say(NO_RULE_PERMITS) if each == NO_RULE_PERMITS else each for each in because)

    def _refused(self) -> Iterator[str]:
        if self.decision.refused:
            yield self._label("forbidden").rstrip()
        for each in self.decision.refused:
            yield f"  - {self._say(f'refused.{each.what}')} [{self._ids(each.because)}]"

    def _citations(self) -> Iterator[str]:
        every, named = register(self.rules), cited(self.decision)
        if named:
            yield f"{self._page('citations')} ({self._page('rule_set')} {self.decision.rule_set})"
        for rule in named:
            yield f"  {rule}  {self._source(every[rule])}"

    def _source(self, rule: Rule) -> str:
        day = self.scenario.as_of.astimezone(self.scenario.store.zone).date()
        platform = self.scenario.store.platform.value
        own = [each for each in rule.facts if each.name.split(".")[0] in {platform, "shared"}] or list(rule.facts)
        titles = list(dict.fromkeys(self.texts.title(each.title) for each in own))
        more = " / ..." if len(titles) > _MOST_TITLES else ""
        sources = [
            self._label("source")
            + self._comma.join(
                (
                    each.id,
                    self.texts.title(each.title),
                    self.texts.title(each.publisher),
                    each.published.isoformat(),
                    self._say(f"tier.{each.tier}"),
                )
            )
            for each in sources_of(rule, self.rules, day)
        ]
        return " / ".join(titles[:_MOST_TITLES]) + more + "".join(f"\n      {each}" for each in sources)


def cited(decision: Decision) -> list[str]:
    """Return every rule a decision names, each once, those of its choice first."""
    every = [*decision.because, *(item.rule for item in decision.cost.items if item.rule)]
    for option in decision.options:
        every += [*option.because, *(item.rule for item in (option.cost.items if option.cost else ()) if item.rule)]
    every += [rule for each in decision.refused for rule in each.because]
    return [each for each in dict.fromkeys(every) if each != NO_RULE_PERMITS]


def money(amount: Amount) -> str:
    """Return an amount as people read it, "21.00 CNY"."""
    return " ".join(money_object(amount.amount, amount.currency).values())


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant in a time zone as people read it, to the second only where it matters."""
    local = instant.astimezone(zone)
    form = "%Y-%m-%d %H:%M" if not local.second else "%Y-%m-%d %H:%M:%S"
    offset = local.strftime("%z")
    return f"{local.strftime(form)} ({offset[:3]}:{offset[3:5]})"
