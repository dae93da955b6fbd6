"""The words and forms of rule files, read with errors that name file, line and fix."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from gateway.marked_yaml import Mapping, MarkedError, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.marked_yaml import Node

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RULE_ID = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")


class RuleError(MarkedError):
    """A rule file that cannot be used; the text names file, line, key and fix."""


def read_mapping(node: Node) -> Mapping:
    """Return keys and values. Raises RuleError for anything else."""
    if not isinstance(node, Mapping):
        raise RuleError(node.mark, "keys and values are expected here")
    return node


def read_fields(node: Node, required: set[str], optional: set[str]) -> dict[str, Node]:
    """Return the values by key: every required key, and no unknown one. Raises RuleError."""
    mapping = read_mapping(node)
    for key, mark in mapping.key_marks.items():
        if key not in required | optional:
            known = ", ".join(sorted(required | optional))
            raise RuleError(mark, f"{key}: unknown key; known here are {known}")
    for key in sorted(required - mapping.entries.keys()):
        raise RuleError(mapping.mark, f"{key}: is missing; add it")
    return mapping.entries


def read_items(node: Node) -> tuple[Node, ...]:
    """Return the items of a list. Raises RuleError."""
    if not isinstance(node, Sequence):
        raise RuleError(node.mark, "a list is expected here")
    return node.items


def read_text(node: Node) -> str:
    """Return a text that is not empty. Raises RuleError."""
    if not isinstance(node, Scalar) or not node.text:
        raise RuleError(node.mark, "a text is expected here")
    return node.text


def read_one_of(node: Node, words: Iterable[str]) -> str:
    """Return one of the known words. Raises RuleError."""
    text = read_text(node)
    if text not in words:
        raise RuleError(node.mark, f"{text!r} is unknown; known are {', '.join(words)}")
    return text


def read_rule_id(node: Node) -> str:
    """Return the id of a rule. Raises RuleError."""
    text = read_text(node)
    if not _RULE_ID.fullmatch(text):
        raise RuleError(node.mark, f'{text!r} is no rule id like "SHP-27"')
    return text


def read_date(node: Node) -> date:
    """Return a full date. Raises RuleError."""
    text = read_text(node)
    problem = f'{text!r} is no full date like "2025-11-11"; it begins at 00:00 in the store\'s time zone'
    if not _DATE.fullmatch(text):
        raise RuleError(node.mark, problem)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RuleError(node.mark, problem) from None


def read_day(table: Mapping, key: str) -> date:
    """Return the full date that a key of ``table`` is. Raises RuleError."""
    return read_date(Scalar(key, plain=True, mark=table.key_marks[key]))
