"""How far a long pull has come is told: in lines where nobody draws bars, in the log of a daemon."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from gateway.cli.progress import Teller, spoken
from gateway.sync.pull import Progress

DAY = timedelta(days=1)


def _after(days: int, *, seen: int = 0, remaining: timedelta | None = timedelta(minutes=3)) -> Progress:
    return Progress("sg", "orders", seen or days * 10, days * DAY, 40 * DAY, remaining)


def test_lines_say_how_far_and_how_long_still(capsys: pytest.CaptureFixture[str]) -> None:
    with Teller() as teller:
        teller.tell(_after(10))
        teller.tell(Progress("sg", "open orders", 400, timedelta(), timedelta(), timedelta(seconds=50), of=1600))

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "sg: orders, 100 read, 25% about 3 min left",
        "sg: open orders, 400 read, 25% about 50 s left",
    ]


def test_a_line_more_only_when_it_says_more(capsys: pytest.CaptureFixture[str]) -> None:
    with Teller() as teller:
        for seen in range(100, 2600, 100):  # one page after another of one wide window
            teller.tell(_after(10, seen=seen))

    assert len(capsys.readouterr().err.splitlines()) == 3  # at 100, 1100 and 2100


@pytest.mark.parametrize(
    "short",
    [
        Progress("sg", "orders", 5, timedelta(), timedelta(minutes=6), timedelta(minutes=3)),  # an everyday pull
        Progress("sg", "open orders", 5, timedelta(), timedelta(), timedelta(minutes=3), of=20),
        _after(10, remaining=timedelta(seconds=4)),
        _after(1, remaining=None),  # no pace to judge by yet
    ],
)
def test_short_pulls_are_not_worth_a_line(short: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    with Teller() as teller:
        teller.tell(short)

    assert capsys.readouterr().err == ""


def test_a_daemon_tells_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    with capture_logs() as logged, Teller(quiet=True) as teller:
        teller.tell(_after(10))

    assert capsys.readouterr().err == ""
    assert logged == [
        {
            "event": "sync.progress",
            "log_level": "info",
            "store": "sg",
            "doing": "orders",
            "seen": 100,
            "done": "25%",
            "remaining": "about 3 min left",
        }
    ]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=45), "45 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(hours=47, minutes=59), "47 h 59 min"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_spans_as_people_say_them(span: timedelta, words: str) -> None:
    assert spoken(span) == words
