"""What no command can take is refused in words, as a wrong use of the command, and not as a fault of the gateway."""

from __future__ import annotations

import pytest

LONG = "9" * 20


@pytest.mark.parametrize(
    "words",
    [
        ("evidence", "get", LONG, "--out", "file"),
        ("cases", "open", "o1", "--reason", "out_of_stock", "--batch-size", LONG),
        ("stock", "set", "CUP", LONG),
        ("tasks", "done", "t1", "--quantity", LONG),
    ],
    ids=["evidence", "batch", "stock", "task"],
)
def test_a_number_nothing_can_be_as_large_as(made, words) -> None:
    told = made(*words)
    assert told.code == 2
    assert "too large" in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("cases", "show", "ab\udcffcd"),
        ("tasks", "cancel", "t1", "--because", "\udcff"),
        ("stock", "set", "\udcff", "5"),
    ],
    ids=["case", "reason", "article"],
)
def test_words_that_are_no_text(made, words) -> None:
    told = made(*words)
    assert told.code == 2
    assert "no UTF-8 text" in told.err
