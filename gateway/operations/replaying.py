"""Old decisions made again, from the scenario and the rule files each was made with, and compared byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from gateway.errors import DataError
from gateway.marked_yaml import MarkedError
from gateway.operations.context import Context
from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.parse import parse_line
from gateway.policy.rule_set import RuleSet
from gateway.policy.store_rules import rules_from
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.rule_files import kept
from gateway.storage.schema import decisions

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that comes out otherwise. ``place`` is the first field that differs, like ``cost.total.amount``.

    It is ``spelling`` where only the bytes differ, and ``whole`` where ``now`` tells why none comes out.
    """

    decision: str
    store: str
    order_id: str
    at: datetime
    rule_set: str
    place: str
    recorded: str
    now: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many decisions were made again. ``without_files`` had no rule files kept, and this release's are others."""

    same: int
    different: int
    without_files: int
    rule_sets: tuple[str, ...]  # the versions they were made with
    first: Difference | None


async def replay(context: Context, *, since: datetime | None = None, order: str | None = None) -> Replayed:
    """Make every recorded decision again, or those recorded from ``since`` on, or about one order."""
    books = _Books(context.rules)
    same = different = without_files = 0
    first: Difference | None = None
    after: tuple[int, str] | None = (to_micros(since), "") if since is not None else (-1, "")
    while after is not None:
        rows, answers, after = await context.database.read(partial(_page, books=books, after=after, order=order))
        for row, answer in zip(rows, answers, strict=True):
            if answer is None:
                without_files += 1
            elif answer == row.decision:
                same += 1
            else:
                different += 1
                first = first or _difference(row, answer)
    return Replayed(same, different, without_files, tuple(sorted(books.versions)), first)


class _Books:
    """The rule sets of decisions; each is read once."""

    def __init__(self, own: RuleSet) -> None:
        self.versions: set[str] = set()
        self._own = own
        self._read: dict[str, RuleSet] = {}

    def of(self, connection: Connection, row: Row[Any]) -> RuleSet | None:
        """Return the rules a decision was made with. Raises DataError, and MarkedError where they cannot be read."""
        self.versions.add(row.rule_set)
        if row.rule_files is None:  # recorded before rule files were kept
            return self._own if self._own.version == row.rule_set else None
        if row.rule_files not in self._read:
            self._read[row.rule_files] = rules_from(kept(connection, row.rule_files))
        return self._read[row.rule_files]


# the bytes as they come out now; a text: why there are none; None: the rules were not kept
_Answer = bytes | str | None


def _page(
    connection: Connection, books: _Books, after: tuple[int, str], order: str | None
) -> tuple[list[Row[Any]], list[_Answer], tuple[int, str] | None]:
    """Return some decisions, what each comes out as now, and where to go on; None behind the last."""
    query = select(decisions).where(tuple_(decisions.c.at, decisions.c.id) > after)
    if order is not None:
        query = query.where(decisions.c.order_id == order)
    rows = list(connection.execute(query.order_by(decisions.c.at, decisions.c.id).limit(_PAGE)))
    answers = [_again(connection, books, row) for row in rows]
    return rows, answers, (rows[-1].at, rows[-1].id) if len(rows) == _PAGE else None


def _again(connection: Connection, books: _Books, row: Row[Any]) -> _Answer:
    try:
        rules = books.of(connection, row)
        if rules is None:
            return None
        scenario = parse_line(row.scenario.decode(), f"scenario of decision {row.id}", 1)
    except (DataError, MarkedError) as error:
        return str(error)
    return canonical_bytes(decide(scenario, rules))


def _difference(row: Row[Any], answer: bytes | str) -> Difference:
    at, told = from_micros(row.at), row.decision.decode()
    if isinstance(answer, str):
        return Difference(row.id, row.store, row.order_id, at, row.rule_set, "whole", told, answer)
    differing = _differing("", json.loads(told), json.loads(answer))
    place, before, after = next(differing, ("spelling", told, answer.decode()))
    return Difference(row.id, row.store, row.order_id, at, row.rule_set, place, _spelt(before), _spelt(after))


def _differing(place: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield every place where two JSON values differ, with what stands there; None where there is nothing."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before | after:
            yield from _differing(f"{place}.{name}" if place else name, before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differing(f"{place}[{number}]", one, other)
    elif before != after:
        yield place, before, after


def _spelt(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
