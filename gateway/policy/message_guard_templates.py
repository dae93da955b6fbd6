"""Texts for buyers, ready but for the facts of the order: by platform, purpose and language (``messages/templates``).

A text is filled with given facts only, and what comes out goes through the guard: a fact can carry words, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from gateway.errors import DataError, NoRuleKnown
from gateway.marked_yaml import load
from gateway.model.store import Platform
from gateway.policy.message_guard import Occasion, require
from gateway.policy.rule_file import RuleError, read_fields, read_items, read_mapping, read_one_of, read_text
from gateway.policy.terms import Purpose, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.marked_yaml import Node

FACTS = {
    "order": "the order's number",
    "goods": "what was ordered",
    "because": "given by the reason",
    "coupon": "what the buyer gets as a compensation",
    "phone": "a phone number with its middle digits hidden",
    "closes_at": "the day and hour of the close",
    "ships_on": "the day on which it is expected to be sent",
}
"""Every fact a text may hold, and what it is."""

_BECAUSE = "because"
_FACT = re.compile(r"\{([^{}]*)\}")
_SCRIPTS = {"zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant"}


class Writing(StrEnum):
    """What a text is written for: what a message may be for in a decision, and what is told at other times."""

    explain = "explain"
    offer_cancel = "offer_cancel"
    second_notice = "second_notice"
    final_notice = "final_notice"
    closed = "closed"
    confirm = "confirm"
    refunded = "refunded"
    apology = "apology"


@dataclass(frozen=True, slots=True)
class Template:
    """One text. ``facts`` are the names of what it must be filled with."""

    purpose: Writing
    platforms: frozenset[Platform]
    text: str

    @property
    def facts(self) -> tuple[str, ...]:
        """Return the facts it needs, in the order of the text, each once."""
        return tuple(dict.fromkeys(_FACT.findall(self.text)))


@dataclass(frozen=True, slots=True)
class Templates:
    """The texts of one language, and how it words each reason."""

    language: str
    because: dict[Reason, str]
    texts: tuple[Template, ...]


@cache
def all_templates() -> dict[str, Templates]:
    """Return the texts that come with this package by language. Raises RuleError where a file cannot be used."""
    folder = resources.files("gateway.policy") / "messages" / "templates"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name)
    return {
        name: read_templates(name, each.read_text("utf-8"))
        for each in files
        if (name := each.name.removesuffix(".yaml"))
    }


def read_templates(language: str, text: str) -> Templates:
    """Return the texts of one language. Raises RuleError or MarkedError with the place in its file."""
    fields = read_fields(load(text, f"messages/templates/{language}.yaml"), {"because", "texts"}, set())
    because = read_mapping(fields["because"])
    for key, mark in because.key_marks.items():
        if key not in set(Reason):
            raise RuleError(mark, f"{key!r} is no reason; known are {', '.join(Reason)}")
    return Templates(
        language,
        {Reason(key): read_text(node) for key, node in because.entries.items()},
        tuple(_template(each) for each in read_items(fields["texts"])),
    )


def write(
    platform: Platform,
    purpose: Writing,
    language: str,
    facts: Mapping[str, str],
    *,
    reason: Reason | None = None,
) -> str:
    """Return the text for an occasion, filled with ``facts``, as it may be sent.

    Of several texts for the same occasion that one is taken which holds just the facts given, else the first.
    Raises NoRuleKnown when there is no such text, DataError when a fact is missing, empty or not in the text, and
    NotAllowed when what came out breaks a rule of the platform.
    """
    templates = templates_of(language)
    template = _of(templates, platform, purpose, facts)
    text = _filled(template, _given(templates, template, facts, reason))
    require(text, occasion_of(platform, purpose, templates.language, reason))
    return text


def templates_of(language: str) -> Templates:
    """Return the texts of a language, by its BCP 47 tag. Raises NoRuleKnown, naming those there are."""
    every = all_templates()
    named = {each.lower(): each for each in every}
    tag = language.lower()
    found = (
        _SCRIPTS.get(tag) or named.get(tag) or named.get("-".join(tag.split("-")[:2])) or named.get(tag.split("-")[0])
    )
    if found is None:
        raise NoRuleKnown(f"There are no texts in {language!r}; there are in {', '.join(every)}.")
    return every[found]


def occasion_of(platform: Platform, purpose: Writing, language: str, reason: Reason | None) -> Occasion:
    """Return the occasion a text is written on, as the guard asks for it."""
    known = Purpose(purpose.value) if purpose.value in set(Purpose) else None
    return Occasion(platform=platform, purpose=known, language=language, reason=reason)


def facts_of(platform: Platform, purpose: Writing, language: str) -> frozenset[str]:
    """Return every fact that some text for an occasion may hold. Raises NoRuleKnown where there is none."""
    return frozenset(fact for each in _for(templates_of(language), platform, purpose) for fact in each.facts)


def _of(templates: Templates, platform: Platform, purpose: Writing, facts: Mapping[str, str]) -> Template:
    every = _for(templates, platform, purpose)
    given = {name for name, value in facts.items() if value.strip()}
    return next((each for each in every if set(each.facts) - {_BECAUSE} == given), every[0])


def _for(templates: Templates, platform: Platform, purpose: Writing) -> list[Template]:
    on = [each for each in templates.texts if platform in each.platforms]
    found = [each for each in on if each.purpose is purpose]
    if not found:
        known = ", ".join(dict.fromkeys(each.purpose.value for each in on)) or "none"
        raise NoRuleKnown(
            f"There is no text to {purpose.value} in {templates.language} for {platform.value}. "
            f"There are texts for: {known}."
        )
    return found


def _given(
    templates: Templates, template: Template, facts: Mapping[str, str], reason: Reason | None
) -> Mapping[str, str]:
    if _BECAUSE in facts:
        raise DataError("because: is not set; give the true reason with --reason, and it is worded.")
    for name in facts:
        if name not in template.facts:
            takes = ", ".join(each for each in template.facts if each != _BECAUSE)
            raise DataError(f"{name}: is not in this text; it takes {takes}.")
    given = {name: value.strip() for name, value in facts.items() if value.strip()}
    if _BECAUSE in template.facts and reason is not None:
        if reason not in templates.because:
            worded = ", ".join(templates.because)
            raise NoRuleKnown(
                f"No text in {templates.language} tells a buyer the reason {reason.value}; there is one for {worded}."
            )
        given[_BECAUSE] = templates.because[reason]
    missing = [name for name in template.facts if name not in given]
    if missing:
        told = "; ".join(
            "the true reason (--reason)" if each == _BECAUSE else f"{each}: {FACTS[each]} (--set {each}=...)"
            for each in missing
        )
        raise DataError(f"The text needs what was not given: {told}.")
    return given


def _filled(template: Template, given: Mapping[str, str]) -> str:
    return _FACT.sub(lambda found: given[found[1]], template.text)


def _template(node: Node) -> Template:
    fields = read_fields(node, {"purpose", "on", "text"}, set())
    template = Template(
        Writing(read_one_of(fields["purpose"], tuple(Writing))),
        frozenset(Platform(read_one_of(each, tuple(Platform))) for each in read_items(fields["on"])),
        read_text(fields["text"]),
    )
    for name in template.facts:
        if name not in FACTS:
            raise RuleError(fields["text"].mark, f"{{{name}}} is no fact; known are {', '.join(FACTS)}")
    return template
