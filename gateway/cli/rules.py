"""``gateway rules``: every rule with what it says, since when, and who says so."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import replaying
from gateway.cli.output import table
from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from gateway.policy.register import Change, Rule
    from gateway.policy.rule_set import DatedValue, History, RuleSet

_DAY = ["%Y-%m-%d"]
_FOLDERS = ("xiaohongshu", "shopee", "tiktok_shop", "alibaba_1688", "shared")

DayArgument = Annotated[datetime, typer.Argument(metavar="DATE", formats=_DAY, help="A day, like 2026-03-10.")]
StoreOption = Annotated[
    str | None, typer.Option("--store", metavar="STORE", help="With this store's own values over the platform's.")
]
PlatformOption = Annotated[
    str | None, typer.Option("--platform", metavar="NAME", help=f"Only these rules: {', '.join(_FOLDERS)}.")
]

group = typer.Typer(help="The rules that decisions rest on: what they say, since when, and who says so.")


group.command("replay")(replaying.replay)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="rules")


@group.command("list")
@with_session
def list_(
    session: Session,
    platform: PlatformOption = None,
    used_by: Annotated[
        str | None, typer.Option("--used-by", metavar="PART", help="Only rules this part of the product uses.")
    ] = None,
) -> None:
    """List every rule: its id, what it says, what uses it, and who says so."""
    from gateway.policy.advice import USES
    from gateway.policy.register import DECIDING
    from gateway.policy.register import register as every_rule

    rules = _rules(session)
    _check("--used-by", used_by, (DECIDING, *USES))
    chosen = [
        rule
        for rule in every_rule(rules).values()
        if used_by in {None, rule.used_by} and (_platform(platform) is None or platform in _folders(rule))
    ]
    session.show(
        [_brief(rule) for rule in chosen],
        lambda told: table(
            f"Rule set {rules.version}",
            ("rule", "what it says", "used by", "source", "in force"),
            ((each["id"], each["title"], each["used_by"], ", ".join(each["sources"]), each["since"]) for each in told),
            empty="No rule is like this.",
        ),
    )


@group.command("show")
@with_session
def show(
    session: Session,
    rule: Annotated[str, typer.Argument(metavar="ID", help="A rule's id like XHS-12, or a fact's name.")],
    store: StoreOption = None,
) -> None:
    """Show one rule: every value it ever had, where each stands in its source, and what uses it."""
    from gateway.policy.register import rule_named

    rules = _rules(session, store)
    found = rule_named(rules, rule)
    session.show(_whole(found, rules), _rule_head, _rule_values, _rule_sources)


@group.command("at")
@with_session
def at(session: Session, day: DayArgument, platform: PlatformOption = None, store: StoreOption = None) -> None:
    """Show every value in force on a day, as far as it was published by then."""
    from gateway.policy.register import value_at

    rules, on = _rules(session, store), day.date()
    wanted = _platform(platform)
    found = [
        _fact(history) | _value(dated)
        for history in rules.facts.values()
        if (dated := value_at(history, on, on)) is not None and wanted in {None, _folder(history)}
    ]
    shown = {"rule_set": rules.version, "at": on, "facts": found, "advice": _advice_at(rules, on, wanted)}
    session.show(shown, _at_facts, _at_advice)


@group.command("diff")
@with_session
def diff(
    session: Session,
    before: DayArgument,
    after: DayArgument,
    platform: PlatformOption = None,
    store: StoreOption = None,
) -> None:
    """Show every value that differs between two days."""
    from gateway.policy.register import changes

    rules, wanted = _rules(session, store), _platform(platform)
    found = [
        _change(each) for each in changes(rules, before.date(), after.date()) if wanted in {None, _folder(each.fact)}
    ]
    shown = {"rule_set": rules.version, "before": before.date(), "after": after.date(), "changes": found}
    session.show(shown, _changes)


def _rules(session: Session, store: str | None = None) -> RuleSet:
    from gateway.policy.rule_set import load_rules
    from gateway.policy.store_rules import read_own_rules

    if store is None:
        return load_rules()
    return read_own_rules(load_rules(), session.data / "rules" / f"{store}.yaml")


def _platform(given: str | None) -> str | None:
    return _check("--platform", given, _FOLDERS)


def _check(option: str, given: str | None, known: Iterable[str]) -> str | None:
    if given is not None and given not in known:
        raise typer.BadParameter(f"{option} {given}: use one of {', '.join(known)}.")
    return given


def _folder(history: History) -> str:
    return history.name.split(".")[0]


def _folders(rule: Rule) -> set[str]:
    if rule.advice is None:
        return {_folder(history) for history in rule.facts}
    return {_OF_GUIDE.get(rule.id.split("-")[0], "shared")}


_OF_GUIDE = {"XHS": "xiaohongshu", "SHP": "shopee", "TTJ": "tiktok_shop", "1688": "alibaba_1688"}


def _brief(rule: Rule) -> dict[str, Any]:
    if rule.advice is not None:
        sources, since = [rule.advice.source], rule.advice.in_force
    else:
        every = [dated for history in rule.facts for dated in history.values]
        sources, since = list(dict.fromkeys(each.source for each in every)), min(each.in_force for each in every)
    facts = [history.name for history in rule.facts]
    return {
        "id": rule.id,
        "title": rule.title,
        "used_by": rule.used_by,
        "sources": sources,
        "since": since,
        "facts": facts,
    }


def _whole(rule: Rule, rules: RuleSet) -> dict[str, Any]:
    facts = [_fact(history) | {"values": [_value(dated) for dated in history.values]} for history in rule.facts]
    brief = _brief(rule)
    sources = [
        {name: getattr(rules.sources[each], name) for name in ("id", "title", "publisher", "published", "seen", "tier")}
        for each in brief["sources"]
    ]
    advice = None if rule.advice is None else {"numbers": rule.advice.numbers, "span": rule.advice.span}
    return brief | {"use": rule.use, "rule_set": rules.version, "facts": facts, "advice": advice, "sources": sources}


def _fact(history: History) -> dict[str, Any]:
    return {
        "name": history.name,
        "title": history.title,
        "unit": history.unit,
        "reading": history.reading,
        "rules": list(history.cites),
        "overlay": history.overlay,
    }


def _value(dated: DatedValue) -> dict[str, Any]:
    from gateway.policy.register import spelt

    return {
        "value": spelt(dated.value),
        "known": dated.known,
        "in_force": dated.in_force,
        "published": dated.published,
        "seen": dated.seen,
        "source": dated.source,
        "span": dated.span,
        "tier": dated.tier,
    }


def _change(change: Change) -> dict[str, Any]:
    return _fact(change.fact) | {
        "before": None if change.before is None else _value(change.before),
        "after": None if change.after is None else _value(change.after),
    }


def _advice_at(rules: RuleSet, on: date, wanted: str | None) -> list[dict[str, Any]]:
    return [
        {"id": advice.rule, "title": advice.title, "used_by": advice.used_by, "numbers": advice.numbers}
        | {"source": advice.source, "in_force": advice.in_force}
        for advice in rules.advice.values()
        if advice.in_force <= on and wanted in {None, _OF_GUIDE.get(advice.rule.split("-")[0], "shared")}
    ]


def _words(value: object) -> str:
    """Return a value as people read it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(each)}" for name, each in value.items())
    return ", ".join(_words(each) for each in value) if isinstance(value, list) else str(value)


def _rule_head(shown: dict[str, Any]) -> RenderableType:
    rows = [("rule", shown["id"]), ("says", shown["title"]), ("used by", f"{shown['used_by']}: {shown['use']}")]
    if shown["advice"] is not None:
        rows += [("in force", shown["since"]), ("where", shown["advice"]["span"])]
        rows += [(name.replace("_", " "), number) for name, number in shown["advice"]["numbers"].items()]
    return table(f"Rule set {shown['rule_set']}", ("", ""), rows, empty="")


def _rule_values(shown: dict[str, Any]) -> RenderableType | None:
    rows = [
        (
            fact["name"],
            fact["title"],
            _words(dated["value"]) if dated["known"] else "announced, not known yet",
            fact["unit"],
            fact["reading"],
            dated["in_force"],
            " ".join(each for each in (dated["source"], dated["span"]) if each),
            dated["tier"],
        )
        for fact in shown["facts"]
        for dated in fact["values"]
    ]
    columns = ("fact", "what it says", "value", "unit", "reading", "in force", "source", "tier")
    return table("Values", columns, rows, empty="") if rows else None


def _rule_sources(shown: dict[str, Any]) -> RenderableType:
    columns = ("source", "title", "publisher", "published", "seen", "tier")
    rows: list[Sequence[object]] = [
        (each["id"], each["title"], each["publisher"], each["published"], each["seen"], each["tier"])
        for each in shown["sources"]
    ]
    return table("Sources", columns, rows, empty="")


def _at_facts(shown: dict[str, Any]) -> RenderableType:
    rows = (
        (each["name"], each["title"], _words(each["value"]), each["unit"], ", ".join(each["rules"]), each["source"])
        for each in shown["facts"]
    )
    columns = ("fact", "what it says", "value", "unit", "rules", "source")
    return table(f"In force on {shown['at']}", columns, rows, empty=f"No value is in force on {shown['at']}.")


def _at_advice(shown: dict[str, Any]) -> RenderableType | None:
    rows = [(each["id"], each["title"], each["used_by"], _words(each["numbers"])) for each in shown["advice"]]
    return table("Advice", ("rule", "what it says", "used by", "numbers"), rows, empty="") if rows else None


def _changes(shown: dict[str, Any]) -> RenderableType:
    rows = (
        (
            each["name"],
            each["title"],
            *("not in force" if side is None else _words(side["value"]) for side in (each["before"], each["after"])),
            ", ".join(each["rules"]),
            "" if each["after"] is None else each["after"]["source"],
        )
        for each in shown["changes"]
    )
    columns = ("fact", "what it says", str(shown["before"]), str(shown["after"]), "rules", "source")
    return table("", columns, rows, empty="Nothing differs between the two days.")
