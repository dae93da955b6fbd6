"""The contract every adapter keeps, as one suite of thirteen checks.

An adapter's test module supplies a `Case` and a class::

    class TestExample(AdapterContract):
        case = CASE

``case.folder`` holds its tables, invented by us in the platform's shapes:

- ``words.json``: vocabulary -> documented word -> canonical value;
- ``errors.json``: ``[code, message, class of gateway.errors]``;
- ``requests.json``: ``{name, call, sends: [{method, path, query, body, answer}], gives}``;
- ``orders/<name>/raw.json`` ``{ask, answers}`` and ``canonical.json`` ``{orders, unmapped, missing}``;
- ``after_sales/<name>/raw.json`` and ``canonical.json`` ``{after_sales, unmapped}``.

Tests that take ``shop`` only read; they run against the simulator, and once more, marked ``live``, against the shop
whose credentials the environment holds (`Case.live.variables`).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.contract_acting import Check09Writes, Check10Failures
from tests.kit.contract_bench import Shop, exact, live, simulated
from tests.kit.contract_case import Case
from tests.kit.contract_declaring import Check01Manifest, Check02Signing, Check03Refresh
from tests.kit.contract_pushes import Check08Webhooks
from tests.kit.contract_quality import Check13Quality
from tests.kit.contract_reading import Check04Lists, Check05Golden
from tests.kit.contract_requests import Check12Requests
from tests.kit.contract_safety import Check11Scrub, log
from tests.kit.contract_words import Check06Words, Check07Values

__all__ = ["AdapterContract", "Case", "log"]


def _words(case: Case) -> list[Any]:
    told = json.loads((case.folder / "words.json").read_text("utf-8"))
    return [
        pytest.param((axis, word, meaning), id=f"{axis}-{word}")
        for axis, words in told.items()
        for word, meaning in words.items()
    ]


def _errors(case: Case) -> list[Any]:
    rows = json.loads((case.folder / "errors.json").read_text("utf-8"))
    return [pytest.param(tuple(row), id=f"{row[0]}-{row[1]}") for row in rows]


def _golden(case: Case, kind: str) -> list[Any]:
    folders = sorted(path.parent for path in (case.folder / kind).glob("*/raw.json"))
    assert folders, f"{case.folder / kind} holds no golden files"
    return [pytest.param(folder, id=folder.name) for folder in folders]


def _fixtures(case: Case) -> list[Any]:
    return [pytest.param(path, id=str(path.relative_to(case.folder))) for path in sorted(case.folder.glob("**/*.json"))]


def _requests(case: Case) -> list[Any]:
    return [pytest.param(row, id=row["name"]) for row in exact(case.folder / "requests.json")]


_TABLES = {
    "vector": lambda case: [pytest.param(vector, id=vector.name) for vector in case.vectors],
    "word": _words,
    "axis_name": lambda case: sorted(case.wire.axes),
    "error_row": _errors,
    "golden_order": lambda case: _golden(case, "orders"),
    "golden_request": lambda case: _golden(case, "after_sales"),
    "money": lambda case: [pytest.param(row, id=f"{row[0]} {row[1]}") for row in case.money],
    "too_exact": lambda case: [pytest.param(row, id=f"{row[0]} {row[1]}") for row in case.too_exact],
    "region": lambda case: list(case.simulator.regions),
    "write": lambda case: [pytest.param(write, id=str(write)) for write in case.writes],
    "request_row": _requests,
    "fixture_file": _fixtures,
}


class AdapterContract(
    Check01Manifest,
    Check02Signing,
    Check03Refresh,
    Check04Lists,
    Check05Golden,
    Check06Words,
    Check07Values,
    Check08Webhooks,
    Check09Writes,
    Check10Failures,
    Check11Scrub,
    Check12Requests,
    Check13Quality,
):
    """All checks. A subclass gives ``case``."""

    case: Case

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of each row of the tables."""
        for name, rows in _TABLES.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, rows(self.case))
        if "shop" in metafunc.fixturenames:
            sides = ["simulator", pytest.param("live", marks=pytest.mark.live)]
            metafunc.parametrize("shop", sides, indirect=True)

    @pytest.fixture
    async def simulated(self) -> AsyncIterator[Shop]:
        """A shop of the simulator."""
        async with simulated(self.case, self.case.simulator.regions[0]) as shop:
            yield shop

    @pytest.fixture
    async def shop(self, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
        """A shop that is only read: the simulator's, or a real one."""
        opened = (
            live(self.case)
            if request.param == "live"
            else simulated(self.case, self.case.simulator.regions[0], orders=120)
        )
        async with opened as shop:
            yield shop


def folder_of(test_file: str) -> Path:
    """Return the folder ``contract`` beside a test module."""
    return Path(test_file).resolve().parent / "contract"
