"""Recorded decisions told again: the page of each, made from the very scenario and rule files it was made with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from gateway.errors import DataError
from gateway.marked_yaml import MarkedError
from gateway.policy.decide import decide
from gateway.policy.decision import Decision, canonical_bytes
from gateway.policy.parse import parse_line
from gateway.policy.rule_set import RuleSet
from gateway.policy.store_rules import rules_from
from gateway.policy.wording.catalog import Texts
from gateway.policy.wording.page import Told
from gateway.storage.moments import from_micros
from gateway.storage.rule_files import kept
from gateway.storage.schema import decisions


@dataclass(frozen=True, slots=True)
class ToldDecision:
    """One recorded decision. ``page`` tells it; ``decision`` is None where its rules cannot be read any more.

    ``name`` numbers the decisions of an order and is what their files are called.
    """

    name: str
    id: str
    at: datetime
    path: str
    rule_set: str
    decision: Decision | None
    page: str | None
    scenario: bytes
    answer: bytes


def told_decisions(connection: Connection, store: str, order_id: str, texts: Texts, own: RuleSet) -> list[ToldDecision]:
    """Return the decisions about an order, the earliest first; ``own`` are the rules of those without kept files.

    A page is there only where the same question gives the very bytes that are on record.
    """
    mine = (decisions.c.store == store) & (decisions.c.order_id == order_id)
    rows = connection.execute(select(decisions).where(mine).order_by(decisions.c.at, decisions.c.id)).all()
    read: dict[str | None, RuleSet | None] = {None: own}
    return [_told(connection, row, number, texts, read) for number, row in enumerate(rows, start=1)]


def _told(
    connection: Connection,
    row: Row[Any],
    number: int,
    texts: Texts,
    read: dict[str | None, RuleSet | None],
) -> ToldDecision:
    decision = page = None
    try:
        if row.rule_files not in read:
            read[row.rule_files] = rules_from(kept(connection, row.rule_files))
        rules = read[row.rule_files]
        scenario = parse_line(row.scenario.decode(), f"scenario of decision {row.id}", 1)
        again = None if rules is None else decide(scenario, rules)
        if again is not None and rules is not None and canonical_bytes(again) == row.decision:
            decision, page = again, Told(again, scenario, rules, texts).page()
    except (DataError, MarkedError):
        read.setdefault(row.rule_files, None)
    return ToldDecision(
        name=f"{number:03d}",
        id=row.id,
        at=from_micros(row.at),
        path=str(orjson.loads(row.decision)["path"]),
        rule_set=row.rule_set,
        decision=decision,
        page=page,
        scenario=row.scenario,
        answer=row.decision,
    )
