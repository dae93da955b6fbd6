"""Free closes: never more than there are, given back, kept while nobody knows, by the store's own calendar."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict
from gateway.ledger import quota
from gateway.ledger.quota import CloseEntry, CloseState, MonthStanding, month_of, month_standing
from gateway.storage.engines import Use, make_engine

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LIMIT = 3
MARCH = "2026-03"


def standing(c: Connection) -> tuple[int, int]:
    now = month_standing(c, "s1", MARCH)
    return now.spent, now.reserved


def test_a_unit_is_reserved_spent_and_given_back(books: Connection, close: Callable[..., CloseEntry]) -> None:
    for order in ("1", "2", "3"):
        quota.reserve(books, close(order), LIMIT)
    assert standing(books) == (0, 3)
    with pytest.raises(Conflict, match="no free close left"):
        quota.reserve(books, close("4"), LIMIT)
    assert quota.release(books, "s1", "1", "effect of 1", NOON, "refused")
    quota.reserve(books, close("4"), LIMIT)
    assert quota.confirm(books, "s1", "2", "effect of 2", NOON, "") is not None
    assert standing(books) == (1, 2)


def test_only_its_own_holder_settles_it_and_only_once(books: Connection, close: Callable[..., CloseEntry]) -> None:
    quota.reserve(books, close("1"), LIMIT)
    assert not quota.release(books, "s1", "1", "somebody else", NOON, "")
    assert quota.confirm(books, "s1", "1", "somebody else", NOON, "") is None
    assert quota.confirm(books, "s1", "1", "effect of 1", NOON, "") is not None
    assert quota.confirm(books, "s1", "1", "effect of 1", NOON, "") is None
    assert not quota.release(books, "s1", "1", "effect of 1", NOON, "")
    with pytest.raises(Conflict, match="booked already"):
        quota.reserve(books, close("1"), LIMIT)
    assert standing(books) == (1, 0)


def test_reserving_again_replaces_what_was_held(books: Connection, close: Callable[..., CloseEntry]) -> None:
    for _ in range(5):
        quota.reserve(books, close("1"), 1)
    assert standing(books) == (0, 1)


def test_beyond_the_free_ones_a_close_costs_points(books: Connection, close: Callable[..., CloseEntry]) -> None:
    booked = [quota.spend(books, close(order, holder=None), LIMIT, 2) for order in "1234"]
    assert [(each.units, each.points) for each in booked] == [(1, 0), (1, 0), (1, 0), (0, 2)]
    assert standing(books) == (3, 0)


def test_a_reservation_still_open_counts_in_the_next_month_too(
    books: Connection, close: Callable[..., CloseEntry]
) -> None:
    quota.reserve(books, close("1"), LIMIT)
    assert month_standing(books, "s1", "2026-04") == MonthStanding(0, 1)
    quota.confirm(books, "s1", "1", "effect of 1", NOON + timedelta(days=30), "found out later")
    assert month_standing(books, "s1", "2026-04") == MonthStanding(0, 0)
    assert standing(books) == (1, 0)


@pytest.mark.parametrize(
    ("zone", "last_of_march", "first_of_april"),
    [
        ("Asia/Shanghai", "2026-03-31T15:59:59+00:00", "2026-03-31T16:00:00+00:00"),
        ("America/Sao_Paulo", "2026-04-01T02:59:59+00:00", "2026-04-01T03:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-03-31T09:59:59+00:00", "2026-03-31T10:00:00+00:00"),
    ],
)
def test_months_are_those_of_the_store(zone: str, last_of_march: str, first_of_april: str) -> None:
    assert month_of(datetime.fromisoformat(last_of_march), ZoneInfo(zone)) == "2026-03"
    assert month_of(datetime.fromisoformat(first_of_april), ZoneInfo(zone)) == "2026-04"


def test_rows_are_never_altered(books: Connection, close: Callable[..., CloseEntry]) -> None:
    quota.reserve(books, close("1"), LIMIT)
    for statement in ("update quota_entries set units = 0", "delete from quota_entries"):
        with pytest.raises(IntegrityError, match="append-only"), books.begin_nested():
            books.execute(text(statement))


def test_two_that_go_on_from_the_same_row_cannot_both_write(
    books: Connection, close: Callable[..., CloseEntry]
) -> None:
    """What holds on a database with many writers, where both would read before either writes."""
    quota._append_after(books, 0, close("1"))
    with pytest.raises(Conflict, match="written by somebody else"):
        quota._append_after(books, 0, close("2"))


@pytest.mark.parametrize("first", ["a", "b"])
def test_two_writers_cannot_spend_the_last_unit_twice(url: str, close: Callable[..., CloseEntry], first: str) -> None:
    """Both have seen one unit left before either writes; whoever comes second is refused, whichever it is."""
    seen = threading.Barrier(2)
    ended = {name: threading.Event() for name in "ab"}
    outcome: dict[str, str] = {}

    def write(name: str) -> None:
        readers = make_engine(url, Use.read)
        writer = make_engine(url, Use.write)
        with readers.connect() as c:
            assert month_standing(c, "s1", MARCH).used < 1
        seen.wait(20)
        if name != first:
            assert ended[first].wait(20)
        try:
            with writer.begin() as c:
                quota.reserve(c, close(name), 1)
            outcome[name] = "reserved"
        except Conflict:
            outcome[name] = "refused"
        ended[name].set()
        readers.dispose()
        writer.dispose()

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    second = "b" if first == "a" else "a"
    assert outcome == {first: "reserved", second: "refused"}


class Books(RuleBasedStateMachine):
    """Whatever is asked in whatever order, the books stay within the limit and never owe."""

    url: str
    close: Callable[..., CloseEntry]

    @initialize()
    def start(self) -> None:
        self.engine = make_engine(self.url, Use.write)
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        self.month = "2026-03"

    orders = st.sampled_from("abcdef")
    months = st.sampled_from(["2026-03", "2026-04"])

    @rule()
    def time_passes(self) -> None:
        self.month = "2026-04"

    @rule(order=orders)
    def reserve(self, order: str) -> None:
        month = self.month
        before = month_standing(self.connection, "s1", month, besides=order)
        held = quota.entry_of(self.connection, "s1", order)
        closed = held is not None and held.state is CloseState.spent
        try:
            quota.reserve(self.connection, self.close(order, month=month), LIMIT)
        except Conflict:
            assert closed or before.used >= LIMIT, "a unit that is free is not refused"
        else:
            assert not closed
            assert before.used < LIMIT

    @rule(order=orders)
    def refused(self, order: str) -> None:
        before = quota.entry_of(self.connection, "s1", order)
        done = quota.release(self.connection, "s1", order, f"effect of {order}", NOON, "")
        assert done is (before is not None and before.state is CloseState.reserved)

    @rule(order=orders)
    def confirmed(self, order: str) -> None:
        quota.confirm(self.connection, "s1", order, f"effect of {order}", NOON, "")

    @rule(order=orders, month=months)
    def found(self, order: str, month: str) -> None:
        before = quota.entry_of(self.connection, "s1", order)
        if (before is None or before.state is not CloseState.spent) and month <= self.month:
            booked = quota.spend(self.connection, self.close(order, month=month), LIMIT, 2)
            assert (booked.units, booked.points) in {(1, 0), (0, 2)}

    @invariant()
    def within_the_limit(self) -> None:
        if not hasattr(self, "connection"):
            return
        for month in ("2026-03", "2026-04"):
            now = month_standing(self.connection, "s1", month)
            assert 0 <= now.spent <= now.used <= LIMIT

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.transaction.rollback()
            self.connection.close()
            self.engine.dispose()


def test_whatever_happens_the_limit_holds(url: str, close: Callable[..., CloseEntry]) -> None:
    class Here(Books):
        pass

    Here.url = url
    Here.close = staticmethod(close)  # a fixture, not a method
    fast: Any = settings(
        max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Here, settings=fast)
