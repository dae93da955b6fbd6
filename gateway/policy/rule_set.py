"""Dated, cited rule facts: loaded from YAML, asked for what was in force and known at an instant.

A folder holds ``rule_set.yaml`` (the version), ``sources.yaml`` (who says so) and one file per topic in folders; a
fact's name is its path: ``rate.yaml`` in ``shopee/`` with the key ``line_percent`` is ``shopee.rate.line_percent``.
Files named ``advice.yaml`` hold the rules that decide nothing by themselves.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from gateway.errors import NoRuleKnown
from gateway.marked_yaml import MarkedError, load
from gateway.policy.advice import Advice, read_advice
from gateway.policy.facts import ALL_FACTS
from gateway.policy.rule_archive import HEAD, SOURCES, packed, read_files
from gateway.policy.rule_file import (
    RuleError,
    read_date,
    read_day,
    read_fields,
    read_items,
    read_mapping,
    read_one_of,
    read_rule_id,
    read_text,
)
from gateway.policy.tightening import Tightening

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo
    from pathlib import Path

    from gateway.marked_yaml import Node
    from gateway.policy.fact import Fact

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_VERSION = re.compile(r"[0-9]{4}\.[0-9]{1,2}\.[0-9]+")
_TIERS = ("official-api", "official-rule", "official-help", "secondary", "hearsay", "house-reading")
"""What a source may be worth; a store's own values have a tier of their own (`gateway.policy.store_rules`)."""
_READINGS = ("literal", "inferred", "disputed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who says so. ``tier`` tells how much that is worth."""

    id: str
    title: str
    publisher: str
    published: date
    seen: date
    tier: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedValue:
    """What a fact is from ``in_force`` on (00:00 in the store's time zone). Not ``known``: announced, value unknown."""

    in_force: date
    known: bool
    value: object
    source: str
    span: str | None  # where in the source, as "paragraph 5" or "line 30"
    published: date
    seen: date
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One fact over time, with the rule ids it stands for."""

    name: str
    title: str
    unit: str
    reading: str
    cites: tuple[str, ...]
    values: tuple[DatedValue, ...]  # by date in force
    overlay: Tightening | None = None  # how a store may set it for itself; None: it may not


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A fact as it stood at the asked instant, and the rule ids to cite for it."""

    value: T_co
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All rules of one version. Frozen; `at` gives the view of one instant.

    ``base`` is set where a store's own values lie over it; ``by_store`` holds these sets by the store's id.
    """

    version: str
    sources: dict[str, Source]
    facts: dict[str, History]
    advice: dict[str, Advice]  # by rule id: the rules that no decision is computed from
    archive: bytes = field(default=b"", compare=False, repr=False)  # the files it was read from, for `rules_from`
    base: RuleSet | None = field(default=None, compare=False, repr=False)
    by_store: Mapping[str, RuleSet] = field(default_factory=dict, compare=False, repr=False)
    _dates: tuple[list[date], list[date]] = field(init=False, compare=False, repr=False)
    _views: dict[tuple[int, int], View] = field(init=False, default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        every = [dated for history in self.facts.values() for dated in history.values]
        dates = (sorted({each.in_force for each in every}), sorted({each.published for each in every}))
        object.__setattr__(self, "_dates", dates)

    def at(self, in_force: datetime, known_by: datetime, zone: tzinfo) -> Rules:
        """Return the rules in force at one instant, as far as they were published by another.

        A date counts from 00:00 in ``zone`` on.
        """
        today = in_force.astimezone(zone).date()
        view = self._view(today, today if known_by == in_force else known_by.astimezone(zone).date())
        return Rules(self, in_force, view.known, view.topics)

    def of_store(self, store: str) -> RuleSet:
        """Return the rules by which a store is judged: these, with its own values over them where it has some."""
        return self.by_store.get(store, self)

    def _view(self, today: date, published_by: date) -> View:
        reached = (bisect_right(self._dates[0], today), bisect_right(self._dates[1], published_by))
        if reached not in self._views:  # between two dates of its values a rule set looks the same
            known = {
                name: Known(dated.value, history.cites)
                for name, history in self.facts.items()
                if (dated := _latest(history.values, today, published_by)) is not None and dated.known
            }
            self._views[reached] = View(known, frozenset(name.partition(".")[0] for name in known))
        return self._views[reached]


def _latest(values: tuple[DatedValue, ...], today: date, published_by: date) -> DatedValue | None:
    reached = (each for each in reversed(values) if each.in_force <= today and each.published <= published_by)
    return next(reached, None)


@dataclass(frozen=True, slots=True)
class View:
    """What is known between two dates of a rule set: facts by name, and the folders they come from."""

    known: dict[str, Known[Any]]
    topics: frozenset[str]


class Rules(NamedTuple):
    """The rules of one instant."""

    rule_set: RuleSet
    in_force: datetime
    known: dict[str, Known[Any]]
    topics: frozenset[str]

    def know(self, fact: Fact[T]) -> Known[T]:
        """Return a fact. Raises NoRuleKnown when none was in force and published, or only a change was announced."""
        try:
            return self.known[fact.name]
        except KeyError:
            raise self._unknown(fact) from None

    def value(self, fact: Fact[T]) -> T:
        """Return a fact's value alone. Raises NoRuleKnown like `know`."""
        try:
            value: T = self.known[fact.name].value
        except KeyError:
            raise self._unknown(fact) from None
        return value

    def covers(self, topic: str) -> bool:
        """Tell whether any fact under ``topic`` (a platform's folder) was in force and published."""
        return topic in self.topics

    def _unknown(self, fact: Fact[Any]) -> NoRuleKnown:
        return NoRuleKnown(
            f"no rule is known for {fact.name} at {self.in_force.isoformat()}; a person must look, "
            f"or the rule set {self.rule_set.version} needs a value with a source"
        )


def load_rules(folder: Path | None = None) -> RuleSet:
    """Return the rule set in ``folder``; without one, the set that comes with this package. Raises RuleError."""
    return _packaged() if folder is None else rule_set_of(read_files(folder))


@functools.cache  # a rule set never changes, nor does a package that runs
def _packaged() -> RuleSet:
    return rule_set_of(read_files(resources.files("gateway.policy") / "rules"))


def rule_set_of(files: Mapping[str, str]) -> RuleSet:
    """Return the rule set that these files by their path make. Raises RuleError."""
    try:
        return _parsed(files)
    except RuleError:
        raise
    except MarkedError as error:
        raise RuleError(error.mark, error.problem) from None


def _parsed(files: Mapping[str, str]) -> RuleSet:
    topics = dict(files)
    head = read_fields(load(topics.pop(HEAD), HEAD), {"version", "title"}, set())
    version = read_text(head["version"])
    if not _VERSION.fullmatch(version):
        raise RuleError(head["version"].mark, f'version: {version!r} is no calendar version like "2026.11.1"')
    sources = _sources(load(topics.pop(SOURCES), SOURCES))
    facts: dict[str, History] = {}
    advice: dict[str, Advice] = {}
    for file, text in topics.items():
        topic, name = read_mapping(load(text, file)), file.removesuffix(".yaml").replace("/", ".")
        if name.endswith(".advice"):
            advice |= read_advice(topic, sources.keys())
            continue
        for key, node in topic.entries.items():
            fact_name = f"{name}.{key}"
            if fact_name not in ALL_FACTS:
                raise RuleError(topic.key_marks[key], f"{key}: no code reads {fact_name}; correct or remove it")
            facts[fact_name] = _history(ALL_FACTS[fact_name], node, sources)
    return RuleSet(version=version, sources=sources, facts=facts, advice=advice, archive=packed(files))


def _sources(node: Node) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    for key, entry in read_mapping(node).entries.items():
        fields = read_fields(entry, {"title", "publisher", "published", "seen", "tier", "language"}, {"note"})
        sources[key] = Source(
            id=key,
            title=read_text(fields["title"]),
            publisher=read_text(fields["publisher"]),
            published=read_date(fields["published"]),
            seen=read_date(fields["seen"]),
            tier=read_one_of(fields["tier"], _TIERS),
            language=read_text(fields["language"]),
        )
    return sources


def _history(fact: Fact[object], node: Node, sources: dict[str, Source]) -> History:
    required = {"title", "unit", "reading", "cites", "values"}
    fields = read_fields(node, required, {"note", "conflicts", "overlay"})
    cites = tuple(read_rule_id(each) for each in read_items(fields["cites"]))
    values = read_mapping(fields["values"])
    if not cites or not values.entries:
        raise RuleError(node.mark, f"{fact.name}: needs at least one rule id in cites and one dated value")
    dated = [_dated_value(fact, read_day(values, day), entry, sources) for day, entry in values.entries.items()]
    return History(
        name=fact.name,
        title=read_text(fields["title"]),
        unit=read_text(fields["unit"]),
        reading=read_one_of(fields["reading"], _READINGS),
        cites=cites,
        values=tuple(sorted(dated, key=lambda each: each.in_force)),
        overlay=Tightening(read_one_of(fields["overlay"], [*Tightening])) if "overlay" in fields else None,
    )


def _dated_value(fact: Fact[object], day: date, node: Node, sources: dict[str, Source]) -> DatedValue:
    announced = "expected" in read_mapping(node).entries
    fields = read_fields(node, {"expected" if announced else "value", "source", "published", "seen", "tier"}, {"span"})
    if announced and read_text(fields["expected"]) != "true":
        raise RuleError(fields["expected"].mark, "expected: can only be true; give a value instead")
    source = read_text(fields["source"])
    if source not in sources:
        raise RuleError(fields["source"].mark, f"source: {source!r} is not in sources.yaml; register it there")
    return DatedValue(
        in_force=day,
        known=not announced,
        value=None if announced else fact.read(fields["value"]),
        source=source,
        span=read_text(fields["span"]) if "span" in fields else None,
        published=read_date(fields["published"]),
        seen=read_date(fields["seen"]),
        tier=read_one_of(fields["tier"], _TIERS),
    )
