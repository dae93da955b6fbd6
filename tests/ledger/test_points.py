"""Points, appeals and their laws: read, expected, taken, given back; never below nothing (XHS-13, 30, 76 to 81)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict, DataError, NotFound, Refused
from gateway.ledger import points
from gateway.ledger.appeals import AppealState, appeals_of, open_appeal, settle_appeal
from gateway.ledger.points import PointsEntry, PointsKind, at_stake, fold, hear, scale_of

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def entry(kind: PointsKind, number: int, order: str | None = "o1") -> PointsEntry:
    return PointsEntry(store="s1", kind=kind, points=number, order_id=order, rule=None, by="anna", at=NOON, because="")


def standing(platform: str, *entries: PointsEntry) -> tuple[int, int, int]:
    scale = scale_of(platform)
    assert scale is not None
    found = fold(scale, list(entries))
    return found.known, found.expected, found.projected


@pytest.mark.parametrize(
    ("platform", "entries", "expected"),
    [
        ("xiaohongshu", [], (100, 0, 100)),
        ("shopee", [], (0, 0, 0)),
        ("xiaohongshu", [entry(PointsKind.expected, 2)], (100, 2, 98)),
        ("shopee", [entry(PointsKind.expected, 2)], (0, 2, 2)),
        # the reading knows better than what was expected before it
        ("xiaohongshu", [entry(PointsKind.expected, 2), entry(PointsKind.read, 91, None)], (91, 0, 91)),
        ("shopee", [entry(PointsKind.expected, 2), entry(PointsKind.told, 3, None)], (3, 0, 3)),
        # what was expected for the order has come
        ("xiaohongshu", [entry(PointsKind.expected, 2), entry(PointsKind.taken, 2)], (98, 0, 98)),
        ("xiaohongshu", [entry(PointsKind.expected, 2), entry(PointsKind.taken, 2, "o2")], (98, 2, 96)),
        ("xiaohongshu", [entry(PointsKind.expected, 2), entry(PointsKind.withdrawn, 2)], (100, 0, 100)),
        ("xiaohongshu", [entry(PointsKind.taken, 2), entry(PointsKind.returned, 2)], (100, 0, 100)),
        ("xiaohongshu", [entry(PointsKind.expected, 2), entry(PointsKind.returned, 2)], (100, 0, 100)),
        ("xiaohongshu", [entry(PointsKind.read, 1, None), entry(PointsKind.taken, 2)], (0, 0, 0)),
        ("shopee", [entry(PointsKind.returned, 2)], (0, 0, 0)),
    ],
)
def test_where_a_store_stands(platform: str, entries: list[PointsEntry], expected: tuple[int, int, int]) -> None:
    assert standing(platform, *entries) == expected


@given(
    st.sampled_from(["xiaohongshu", "shopee"]),
    st.lists(
        st.builds(entry, st.sampled_from(PointsKind), st.integers(1, 100), st.sampled_from(["o1", "o2"])), max_size=12
    ),
)
def test_nothing_is_ever_below_nothing_and_a_score_never_above_its_start(
    platform: str, entries: list[PointsEntry]
) -> None:
    known, expected, projected = standing(platform, *entries)
    assert min(known, expected, projected) >= 0
    assert at_stake(entries, "o1") >= 0
    if platform == "xiaohongshu":
        assert projected <= known <= 100


def test_the_same_number_told_again_is_no_news(books: Connection) -> None:
    hear(books, "s1", "shopee", 0, NOON)
    assert points.entries_of(books, "s1") == []
    points.expect(books, "s1", "shopee", 2, order_id="o1", rule="SHP-06", at=NOON, because="")
    hear(books, "s1", "shopee", 0, NOON)
    found = points.standing_of(books, "s1", "shopee")
    assert found is not None
    assert found.projected == 2
    hear(books, "s1", "shopee", 1, NOON)
    hear(books, "s1", "shopee", 1, NOON)
    found = points.standing_of(books, "s1", "shopee")
    assert found is not None
    assert (found.known, found.expected) == (1, 0)
    assert len(points.entries_of(books, "s1")) == 2


@pytest.mark.parametrize(
    ("platform", "kind", "number"),
    [
        ("xiaohongshu", PointsKind.read, 101),
        ("xiaohongshu", PointsKind.read, -1),
        ("xiaohongshu", PointsKind.taken, 0),
    ],
)
def test_numbers_that_cannot_be(books: Connection, platform: str, kind: PointsKind, number: int) -> None:
    with pytest.raises(DataError):
        points.add(books, entry(kind, number), platform)
    with pytest.raises(Refused):
        points.add(books, entry(PointsKind.taken, 1), "tiktok_shop")


def test_rows_are_never_altered(books: Connection) -> None:
    points.add(books, entry(PointsKind.taken, 2), "xiaohongshu")
    open_appeal(books, "s1", "o1", 2, by="anna", at=NOON, because="")
    for table in ("points_entries", "appeal_entries"):
        for statement in (f"update {table} set points = 0", f"delete from {table}"):
            with pytest.raises(IntegrityError, match="append-only"), books.begin_nested():
                books.execute(text(statement))


def appeal(books: Connection, asked: int) -> Any:
    return open_appeal(books, "s1", "o1", asked, by="anna", at=NOON, because="")


def settle(books: Connection, name: str, *, won: bool) -> Any:
    return settle_appeal(books, name, "xiaohongshu", won=won, by="anna", at=NOON, because="")


def test_a_won_appeal_gives_points_back_once_and_no_more_than_were_lost(books: Connection) -> None:
    with pytest.raises(DataError, match="cost 0 points"):
        appeal(books, 1)
    points.add(books, entry(PointsKind.taken, 2), "xiaohongshu")
    with pytest.raises(DataError, match="cost 2 points"):
        appeal(books, 3)
    opened = appeal(books, 2)
    with pytest.raises(Conflict, match="open already"):
        appeal(books, 1)
    assert settle(books, opened.id, won=True).state is AppealState.won
    found = points.standing_of(books, "s1", "xiaohongshu")
    assert found is not None
    assert found.known == 100
    with pytest.raises(Conflict, match="won already"):
        settle(books, opened.id, won=True)
    with pytest.raises(DataError, match="cost 0 points"):
        appeal(books, 1)
    with pytest.raises(NotFound):
        settle(books, "nonsense", won=True)


def test_a_lost_appeal_gives_nothing_back(books: Connection) -> None:
    points.add(books, entry(PointsKind.taken, 2), "xiaohongshu")
    settle(books, appeal(books, 2).id, won=False)
    found = points.standing_of(books, "s1", "xiaohongshu")
    assert found is not None
    assert found.known == 98
    assert [each.state for each in appeals_of(books, "s1")] == [AppealState.lost]
