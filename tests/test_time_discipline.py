"""Time comes from the Clock that is handed in. Nothing else in gateway/ and adapters/ reads it."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TIME_FUNCTIONS = {
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "localtime",
    "gmtime", "ctime", "asctime", "strftime",
}  # fmt: skip
DATE_METHODS = {"now", "utcnow", "today"}
SQL_TIMES = {"now", "current_timestamp", "current_time", "current_date", "localtime", "localtimestamp", "sysdate"}

ALLOWED = {
    ("gateway/clock.py", "datetime.now"): "the system clock itself",
    ("gateway/clock.py", "time.monotonic"): "how long ago a simulator showed its time",
    ("gateway/transport/channel.py", "loop.time"): "how many real milliseconds a request took, for the log",
    ("gateway/inbox/receive.py", "loop.time"): "how seldom refused pushes are told and keys looked up again",
    ("gateway/operations/remote/asking.py", "loop.time"): "how long a command waits for a gateway that starts",
    ("gateway/work/leases.py", "loop.time"): "leases are kept in real time",
    ("gateway/work/delivered.py", "loop.time"): "how seldom lost work is looked for",
}


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{_dotted(node.func)}()"
    return "?"


class Readers(ast.NodeVisitor):
    """Collects every place that reads the time, under the plain name of what it reads."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # local name -> what it was imported as
        self.found: list[tuple[int, str]] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            head = alias.name.partition(".")[0]
            self.names[alias.asname or head] = alias.name if alias.asname else head

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            self.names[alias.asname or alias.name] = full
            if node.module == "time" and alias.name in TIME_FUNCTIONS:
                self.found.append((node.lineno, full))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        base = _dotted(node.value)
        head, _, rest = base.partition(".")
        owner = self.names.get(head, head) + (f".{rest}" if rest else "")
        last = base.rpartition(".")[2]
        if node.attr in TIME_FUNCTIONS and owner == "time":
            self.found.append((node.lineno, f"time.{node.attr}"))
        elif node.attr in DATE_METHODS and owner in ("datetime.datetime", "datetime.date"):
            self.found.append((node.lineno, f"{owner.rpartition('.')[2]}.{node.attr}"))
        elif node.attr == "time" and (last.lower().endswith("loop") or last.endswith("_loop()")):
            self.found.append((node.lineno, "loop.time"))
        elif node.attr.lower() in SQL_TIMES and owner.endswith(("sqlalchemy.func", "sql.func", "sqlalchemy.sql.func")):
            self.found.append((node.lineno, f"func.{node.attr}"))
        self.generic_visit(node)


def readers(source: str) -> list[tuple[int, str]]:
    visitor = Readers()
    tree = ast.parse(source)
    for node in ast.walk(tree):  # imports anywhere count, also those inside functions and below their use
        if isinstance(node, ast.Import | ast.ImportFrom):
            visitor.visit(node)
    visitor.visit(tree)
    return sorted(set(visitor.found))


@functools.cache  # two tests look at the same files
def places() -> list[tuple[str, int, str]]:
    files = [file for part in ("gateway", "adapters") for file in sorted((ROOT / part).rglob("*.py"))]
    assert len(files) > 10
    return [
        (file.relative_to(ROOT).as_posix(), line, name)
        for file in files
        for line, name in readers(file.read_text("utf-8"))
    ]


def test_only_the_clock_reads_the_time() -> None:
    strangers = [f"{file}:{line} reads {name}" for file, line, name in places() if (file, name) not in ALLOWED]

    assert strangers == [], "take the Clock as an argument, or add the place and its reason to ALLOWED"


def test_every_exception_is_still_needed() -> None:
    assert {(file, name) for file, _, name in places()} >= set(ALLOWED)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from datetime import datetime\nx = datetime.now()", "datetime.now"),
        ("from datetime import datetime as d\nx = d.utcnow()", "datetime.utcnow"),
        ("import datetime\nx = datetime.datetime.now(datetime.UTC)", "datetime.now"),
        ("import datetime as dt\nx = dt.date.today()", "date.today"),
        ("from datetime import date\nf(default=date.today)", "date.today"),
        ("import time\nx = time.time()", "time.time"),
        ("import time as t\nx = t.perf_counter()", "time.perf_counter"),
        ("from time import monotonic\nx = monotonic()", "time.monotonic"),
        ("def f():\n    import time\n    return time.localtime()", "time.localtime"),
        ("import asyncio\nx = asyncio.get_running_loop().time()", "loop.time"),
        ("x = self._loop.time()", "loop.time"),
        ("x = loop.time()", "loop.time"),
        ("from sqlalchemy import func\nx = func.now()", "func.now"),
    ],
)
def test_the_scan_sees(source: str, name: str) -> None:
    assert [found for _, found in readers(source)] == [name]


@pytest.mark.parametrize(
    "source",
    [
        "x = clock.now()",
        "x = self._clock.now()",
        "import asyncio, time\nawait asyncio.sleep(0)\ntime.sleep(0)",
        "from datetime import time\nx = instant.time()",
        "from sqlalchemy import func\nx = func.count()",
    ],
)
def test_the_scan_lets_pass(source: str) -> None:
    assert readers(source) == []
