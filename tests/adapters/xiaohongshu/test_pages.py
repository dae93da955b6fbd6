"""Lists are read from the last page down, and nothing is skipped, whatever moves meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.xiaohongshu.pages import Span, after, spans_of, token_of
from gateway.errors import DataError

START, END, MOST = 1_000, 2_800, 100


def read(rows: list[int], change: Callable[[list[int]], None] = lambda rows: None) -> list[list[int]]:
    """Read all pages of a window whose sorted rows change after each answer; return the rows that counted."""
    token: str | None = None
    found: list[list[int]] = []
    for _ in range(5000):
        spans = spans_of(token, START, END)
        within = [row for row in rows if spans[0].start <= row // 1000 <= spans[0].end]
        first = (max(spans[0].page, 1) - 1) * 100
        page, count = within[first : first + 100], len(within)
        assert spans[0].page <= MOST, "no page beyond those the platform gives"
        counts, left = after(spans, count, MOST)
        found.append(page if counts else [])
        change(rows)
        token = token_of(left)
        if token is None:
            return found
    raise AssertionError("the list never ends")


def flat(pages: list[list[int]]) -> set[int]:
    return {row for page in pages for row in page}


@pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
def test_every_row_is_read(count: int) -> None:
    rows = [1_000_000 + n for n in range(count)]
    pages = read(list(rows))
    assert flat(pages) == set(rows)
    assert len(pages) == (1 if count <= 100 else 1 + -(-count // 100))


def test_the_first_page_counts_at_once_when_it_is_the_only_one() -> None:
    assert read([1_000_001, 1_000_002]) == [[1_000_001, 1_000_002]]


@settings(max_examples=30, deadline=None)
@given(st.integers(101, 500), st.integers(0, 3), st.randoms(use_true_random=False))
def test_rows_that_leave_the_window_take_none_with_them(count: int, leaving: int, random: object) -> None:
    rows = [1_000_000 + n for n in range(count)]
    gone: set[int] = set()

    def leave(present: list[int]) -> None:
        for _ in range(min(leaving, len(present))):
            gone.add(present.pop(random.randrange(len(present))))  # type: ignore[attr-defined]

    assert set(rows) - flat(read(list(rows), leave)) <= gone


@settings(max_examples=30, deadline=None)
@given(st.integers(101, 500), st.integers(0, 30), st.randoms(use_true_random=False))
def test_rows_that_come_in_push_none_out_of_sight(count: int, coming: int, random: object) -> None:
    rows = [1_000_000 + 2 * n for n in range(count)]

    def come(present: list[int]) -> None:
        for _ in range(coming):
            present.append(random.choice([1_000_001, 1_000_301, 1_009_001]))  # type: ignore[attr-defined]
        present.sort()

    assert set(rows) <= flat(read(list(rows), come))


def test_a_window_with_too_many_pages_is_cut_in_two() -> None:
    rows = sorted(1_000 * (START + n % 1_800) + n % 1000 for n in range(10_050))
    assert flat(read(list(rows))) == set(rows)


def test_a_second_that_holds_too_many_is_read_as_far_as_it_goes() -> None:
    assert after([Span(0, 5, 6)], 20_000, MOST) == (False, [Span(100, 5, 6, 20_000)])


@pytest.mark.parametrize("token", ["x", "1", "1.1", "@", "a.b@c-d", "1.1@2-3,"])
def test_a_foreign_token_is_told(token: str) -> None:
    with pytest.raises(DataError):
        spans_of(token, START, END)


def test_a_window_of_no_length_gets_one() -> None:
    assert spans_of(None, 5, 5) == [Span(0, 5, 6)]
