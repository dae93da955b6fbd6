"""Rules that no decision is computed from: what to show, check, watch or remember, each with what uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.marked_yaml import Scalar
from gateway.policy.fact import read_count
from gateway.policy.rule_file import (
    RuleError,
    read_date,
    read_fields,
    read_mapping,
    read_one_of,
    read_rule_id,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from gateway.marked_yaml import Mapping

USES = {
    "after_close": "tasks after an order was closed or refunded",
    "console": "what a person does in the platform's console",
    "deadlines": "when something is due and who is warned",
    "evidence": "what is kept as proof, and how",
    "explanation": "shown beside a decision, so that people know what is at stake",
    "information": "nothing: told for completeness",
    "ledger": "quota, points, closes and appeals of a store",
    "message_guard": "texts for buyers, before they are sent",
    "orders": "how orders, parcels and refunds are read and followed",
    "reports": "what is looked at from time to time",
    "stock": "stock and listings",
    "suspicious_orders": "signs that hold an order back",
}
"""The parts of the product a rule may be used by, and what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One such rule. ``numbers`` are its figures by name; ``used_by`` is a key of `USES`."""

    rule: str
    title: str
    used_by: str
    numbers: dict[str, int]
    source: str
    span: str
    in_force: date
    seen: date


def read_advice(topic: Mapping, sources: Collection[str]) -> dict[str, Advice]:
    """Return the rules of one file by id. Raises RuleError."""
    found: dict[str, Advice] = {}
    for key, node in topic.entries.items():
        rule = read_rule_id(Scalar(key, plain=True, mark=topic.key_marks[key]))
        fields = read_fields(node, {"title", "used_by", "source", "span", "in_force", "seen"}, {"numbers"})
        source = read_text(fields["source"])
        if source not in sources:
            raise RuleError(fields["source"].mark, f"source: {source!r} is not in sources.yaml; register it there")
        numbers = read_mapping(fields["numbers"]).entries if "numbers" in fields else {}
        found[rule] = Advice(
            rule=rule,
            title=read_text(fields["title"]),
            used_by=read_one_of(fields["used_by"], USES),
            numbers={name: read_count(number) for name, number in numbers.items()},
            source=source,
            span=read_text(fields["span"]),
            in_force=read_date(fields["in_force"]),
            seen=read_date(fields["seen"]),
        )
    return found
