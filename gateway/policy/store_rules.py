"""A store's own dated values over the platform's rules: stricter ones only, in a file of the same form.

A fact of the rule files that says ``overlay`` may be set by a store, in that direction and no other. A decision then
asks both: what either forbids is forbidden, and what either wants approved needs approval (`Verdict`s are compared in
`gateway.policy.decide`). So no file that loads here opens a path, whatever its values do to each other.

    xiaohongshu.free_window.in_stock:
      values:
        2026-12-01:
          value: {hours: 3, inclusive: true}
          source: own
          tier: own-rule
          published: 2026-11-20
          seen: 2026-11-20
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.marked_yaml import Mark, MarkedError, load
from gateway.policy.facts import ALL_FACTS
from gateway.policy.register import spelt, value_at
from gateway.policy.rule_archive import packed, unpacked
from gateway.policy.rule_file import (
    RuleError,
    read_date,
    read_day,
    read_fields,
    read_mapping,
    read_one_of,
    read_text,
)
from gateway.policy.rule_set import DatedValue, History, RuleSet, Source, rule_set_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from gateway.marked_yaml import Node

OWN = "own"
"""What a store's values name as their source."""
OWN_TIER = "own-rule"
"""What such a value is worth: the store's own word."""
_ARCHIVED = "own.yaml"  # beside the files of the platform's rules
_DIGITS = 8  # of the digest in the version


def overlaid(base: RuleSet, text: str, file: str) -> RuleSet:
    """Return ``base`` with a store's own values over it. Raises RuleError naming file, line, key and fix.

    Its version names the file by its digest; its archive keeps the file.
    """
    try:
        table = read_mapping(load(text, file))
        own = {name: _own_values(base, name, node, table.key_marks[name]) for name, node in table.entries.items()}
    except RuleError:
        raise
    except MarkedError as error:
        raise RuleError(error.mark, error.problem) from None
    if not own:
        raise RuleError(Mark(file, 1), "sets nothing: write a fact with its dated values, or remove the file")
    facts = {name: _merged(history, own[name]) if name in own else history for name, history in base.facts.items()}
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    return RuleSet(
        version=f"{base.version}+store.{digest}",
        sources=base.sources | {OWN: _source(own)},
        facts=facts,
        advice=base.advice,
        archive=packed(unpacked(base.archive) | {_ARCHIVED: text}),
        base=base,
    )


def with_stores(base: RuleSet, folder: Path) -> RuleSet:
    """Return ``base`` with the own rules of every store that has a file ``<store id>.yaml`` in ``folder``.

    Raises RuleError where one cannot be used.
    """
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    return replace(base, by_store={file.stem: read_own_rules(base, file) for file in files})


def read_own_rules(base: RuleSet, file: Path) -> RuleSet:
    """Return ``base`` with the values of one file over it. Raises RuleError."""
    return overlaid(base, *own_rules_in(file))


def own_rules_in(file: Path) -> tuple[str, str]:
    """Return what a file holds, and the name errors give it. Raises RuleError where it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise RuleError(Mark(str(file), 1), f"cannot be read ({error.strerror}): put the file in place") from None
    except UnicodeDecodeError:
        raise RuleError(Mark(str(file), 1), "is not UTF-8 text: save it as UTF-8") from None
    return text, f"{file.parent.name}/{file.name}"


def rules_from(archive: bytes) -> RuleSet:
    """Return the rule set whose files `RuleSet.archive` keeps, a store's own among them.

    Raises RuleError where this release cannot use them.
    """
    files = unpacked(archive)
    own = files.pop(_ARCHIVED, None)
    base = rule_set_of(files)
    return base if own is None else overlaid(base, own, _ARCHIVED)


def _own_values(base: RuleSet, name: str, node: Node, mark: Mark) -> tuple[DatedValue, ...]:
    history = base.facts.get(name)
    if history is None:
        raise RuleError(mark, f"{name}: no rule has this name; `gateway rules list` shows the facts of each rule")
    if history.overlay is None:
        raise RuleError(mark, f"{name}: is the platform's word, not a store's; remove it ({_settable(base, name)})")
    fields = read_fields(node, {"values"}, {"note"})
    table = read_mapping(fields["values"])
    if not table.entries:
        raise RuleError(fields["values"].mark, f"{name}: needs at least one dated value")
    values = [_own_value(history, read_day(table, day), entry, name) for day, entry in table.entries.items()]
    return tuple(sorted(values, key=lambda each: each.in_force))


def _settable(base: RuleSet, name: str) -> str:
    platform = name.partition(".")[0]
    names = [each for each, history in base.facts.items() if history.overlay and each.startswith(f"{platform}.")]
    return f"a store may set {', '.join(names)}" if names else f"a store may set nothing of {platform}"


def _own_value(history: History, day: date, node: Node, name: str) -> DatedValue:
    fields = read_fields(node, {"value", "source", "published", "seen", "tier"}, {"span"})
    own = DatedValue(
        in_force=day,
        known=True,
        value=ALL_FACTS[name].read(fields["value"]),
        source=read_one_of(fields["source"], (OWN,)),
        span=read_text(fields["span"]) if "span" in fields else None,
        published=read_date(fields["published"]),
        seen=read_date(fields["seen"]),
        tier=read_one_of(fields["tier"], (OWN_TIER,)),
    )
    there = value_at(history, day, max(day, own.published))
    if there is None:
        raise RuleError(node.mark, f"{name}: no value of the platform is in force on {day}; choose a later date")
    if not _is_as_strict(history, own, there):
        raise RuleError(
            fields["value"].mark,
            f"{name}: would loosen the rule, which says {json.dumps(spelt(there.value))} on {day} and may only be made "
            f"stricter ({history.overlay}); choose a stricter value",
        )
    return own


def _is_as_strict(history: History, own: DatedValue, there: DatedValue) -> bool:
    return history.overlay is not None and there.known and history.overlay.permits(own.value, there.value)


def _merged(history: History, own: tuple[DatedValue, ...]) -> History:
    """Return the history with a store's values in it; from a day on when the platform's word is stricter, that."""
    values = list(history.values)
    for number, mine in enumerate(own):
        ends = own[number + 1].in_force if number + 1 < len(own) else None
        values.append(mine)
        for theirs in history.values:  # each later word of the platform begins anew
            is_later = theirs.in_force > mine.in_force and (ends is None or theirs.in_force < ends)
            if is_later and _is_as_strict(history, mine, theirs):
                values.append(replace(mine, in_force=theirs.in_force))
    return replace(history, values=tuple(sorted(values, key=lambda each: each.in_force)))


def _source(own: dict[str, tuple[DatedValue, ...]]) -> Source:
    every = [value for values in own.values() for value in values]
    return Source(
        id=OWN,
        title="The store's own rules",
        publisher="the store itself",
        published=max(each.published for each in every),
        seen=max(each.seen for each in every),
        tier=OWN_TIER,
        language="und",
    )
