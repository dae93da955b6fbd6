"""The writes of a case's turn.

Each looks at the fence first: a turn that another one or a person's word has overtaken writes nothing more, its effect
least of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, update

from gateway.cases.case import Case, CaseState, Outcome, Stage, WaitsFor, case_of, cases_named, row_of
from gateway.cases.tasks import TaskKind, cancel_tasks
from gateway.errors import Conflict
from gateway.model.money import to_minor
from gateway.policy.amount import Amount
from gateway.storage import audit
from gateway.storage.moments import to_micros_or_none
from gateway.storage.schema import cases
from gateway.storage.statements import listed, one_of, write_back
from gateway.work.queue import submit, submit_all
from gateway.work.wake import CASE_KIND, Line, add_history, add_lines

# Statements are made once: making one costs more than running it.
_CHANGE = update(cases).where(cases.c.id == bindparam("the_id"))
_BEGUN = update(cases).where(one_of(cases.c.id, "ids")).values(fence=cases.c.fence + 1)
_AT_REST = frozenset({CaseState.settled, CaseState.paused})

# what nobody needs to know once there is no case; what the end itself hands to people (a count, a refund) stays theirs
_FOR_THE_CASE = frozenset({TaskKind.read_reply})

LEASE = timedelta(seconds=30)
"""How long a turn that no worker has claimed (a person waits for it) keeps workers off, should it vanish."""


class Superseded(Conflict):
    """Another turn of the case has begun, or a person has paused, stopped or taken it: write nothing more."""


class News(Conflict):
    """Something came about the order after the facts were read: what was decided on them is not carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How a turn leaves its case. ``due_at`` None: it waits for news. ``cost`` is what the end is expected to cost."""

    waits_for: WaitsFor
    because: str
    due_at: datetime | None
    state: CaseState = CaseState.running
    stage: Stage | None = None  # None: as it was, and so for the following
    path: str | None = None
    step: str | None = None
    decision: str | None = None
    cost: Amount | None = None
    act_by: datetime | None = None
    outcome: Outcome | None = None


def begin_due(connection: Connection, case_ids: Sequence[str], now: datetime) -> list[Case | None]:
    """Begin turns whose wake-ups a worker has claimed: older turns of these cases may write no more.

    Return each case as its turn holds it; None for one that is not due. Another worker gets the wake-up should this
    one die.
    """
    standing = cases_named(connection, case_ids)
    due = [each for each in standing if is_due(each, now)]
    connection.execute(_BEGUN, {"ids": listed(each.id for each in due)})
    return [replace(each, fence=each.fence + 1) if is_due(each, now) else None for each in standing]


def begin_now(connection: Connection, case_id: str, now: datetime) -> Case | None:
    """Begin a turn that a person waits for, due or not: older ones may write no more.

    Return the case as this turn holds it, None when it is settled or paused. It is kept from workers for `LEASE`.
    """
    case = case_of(connection, case_id)
    if case.state in _AT_REST:
        return None
    submit(connection, CASE_KIND, case_id, now + LEASE, b"")
    connection.execute(_BEGUN, {"ids": listed([case_id])})
    connection.execute(_CHANGE, {"the_id": case_id, "due_at": to_micros_or_none(now + LEASE)})
    return replace(case, fence=case.fence + 1, due_at=now + LEASE)


def is_due(case: Case, now: datetime) -> bool:
    """Tell whether it is time for a case's turn."""
    return case.state not in _AT_REST and case.due_at is not None and case.due_at <= now


def check(connection: Connection, case: Case) -> Case:
    """Return the case as it stands, when this turn may still write. Raises Superseded."""
    return _checked(case_of(connection, case.id), case)


def check_fresh(connection: Connection, case: Case, seen: int) -> Case:
    """Return the case as it stands, when this turn may still write and no news came since version ``seen``.

    Raises Superseded and News.
    """
    standing = check(connection, case)
    if standing.version > seen:
        raise News(f"Order {case.order_id} has changed since the facts were read; decide again.")
    return standing


def leave(
    connection: Connection,
    case: Case,
    rest: Rest,
    now: datetime,
    *,
    seen: int | None,
    what: str = "turn",
    told: Mapping[str, object] | None = None,
) -> Case:
    """Write how a turn leaves its case, with a line ``what`` in its history; ``told`` says more there.

    ``seen`` is the version up to which news were among the facts; for later ones the case is due as they made it.
    None: for all that came the case is due soon enough as ``rest`` says.
    Raises Superseded.
    """
    return leave_all(connection, [Leaving(case=case, rest=rest, seen=seen, what=what, told=told or {})], now)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How a turn leaves its case; the fields are as in `leave`."""

    case: Case
    rest: Rest
    seen: int | None
    what: str = "turn"
    told: Mapping[str, object] = field(default_factory=dict)


def leave_all(connection: Connection, several: Sequence[Leaving], now: datetime) -> list[Case]:
    """Write how several turns leave their cases, as `leave` does. Raises Superseded when one of them may not."""
    standing = cases_named(connection, [each.case.id for each in several])
    left = [_left(each, _checked(as_it_is, each.case), now) for each, as_it_is in zip(several, standing, strict=True)]
    write_back(connection, cases, [row_of(each) for each in left])
    add_lines(connection, [_line(each) for each in several], "gateway", now)
    for after in left:
        if not after.is_open:
            _settled(connection, after, now)
    submit_all(connection, CASE_KIND, {each.id: each.due_at for each in left if each.due_at is not None}, b"")
    return left


def _line(leaving: Leaving) -> Line:
    rest = leaving.rest
    details = {"waits_for": rest.waits_for.value, "because": rest.because, **leaving.told}
    return Line(leaving.case.id, leaving.what, details, rest.decision)


def _settled(connection: Connection, case: Case, now: datetime) -> None:
    """Tell that a case has settled, and ask nobody anything more for it."""
    outcome = (case.outcome or Outcome.ended).value
    add_history(connection, case.id, "settled", "gateway", now, {"outcome": outcome, "because": case.because})
    ended = {"case": case.id, "outcome": outcome}
    audit.append(connection, now, "gateway", "case_settled", case.store, case.order_id, ended)
    cancel_tasks(connection, case.id, now, "the case is settled", kinds=_FOR_THE_CASE)


def _checked(standing: Case, case: Case) -> Case:
    if standing.fence != case.fence:
        raise Superseded(
            f"Case {case.id} was taken up elsewhere meanwhile, or a person has said something about it. "
            f"`gateway cases show {case.id}` tells how it stands."
        )
    return standing


def _left(leaving: Leaving, standing: Case, now: datetime) -> Case:
    rest, seen = leaving.rest, leaving.seen
    settled = rest.state is CaseState.settled
    due_at = rest.due_at
    if seen is not None and standing.version > seen and standing.due_at is not None:
        due_at = standing.due_at if due_at is None else min(due_at, standing.due_at)
    decided: dict[str, Any] = {}
    if rest.decision is not None:
        cost = None if rest.cost is None else to_minor(rest.cost.amount, rest.cost.currency)
        decided = {"decision": rest.decision, "act_by": _in_utc(rest.act_by), "cost_minor": cost}
    return replace(
        standing,
        version=standing.version + 1,
        state=rest.state,
        waits_for=rest.waits_for,
        because=rest.because,
        due_at=None if settled else _in_utc(due_at),
        settled_at=now if settled else None,
        stage=rest.stage or standing.stage,
        path=standing.path if rest.path is None else rest.path,
        step=standing.step if rest.step is None else rest.step,
        outcome=rest.outcome or standing.outcome,
        **decided,
    )


def _in_utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def stumble(connection: Connection, case: Case, because: str) -> None:
    """Note at a case why its turn came to nothing; it stays due. Nothing when it was overtaken."""
    mine = (cases.c.id == case.id) & (cases.c.fence == case.fence) & (cases.c.because != because)
    connection.execute(update(cases).where(mine).values(because=because))
