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


@pytest.mark.parametrize("span", ["99999999999999d", "9" * 5000 + "s", "²d"])
def test_a_span_in_the_configuration_that_cannot_be(made, span) -> None:
    (made.data / "gateway.yaml").write_text(f"stock: {{every: {span}}}\n", "utf-8")
    told = made("cases", "list")
    assert told.code not in {0, 70}
    assert "line 1: stock.every" in told.err
    assert "fault" not in told.err
