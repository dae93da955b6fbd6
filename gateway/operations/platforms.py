"""What each platform offers, from the manifests of the adapters that are installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.ports import Manifest, Offered, Operation
from gateway.registry import adapter_for, platforms

_MARKS = {Offered.api: "API", Offered.manual: "by hand", Offered.none: "–"}


def manifests() -> list[Manifest]:
    """Return the manifest of every platform that can be connected, by its id."""
    return [adapter_for(name).manifest for name in platforms()]


def matrix(told: Sequence[Manifest]) -> list[tuple[str, ...]]:
    """Return one row an operation: its word, and how each platform of ``told`` offers it."""
    return [(each.value, *(_MARKS[one.offers(each)] for one in told)) for each in Operation]


def matrix_markdown(told: Sequence[Manifest]) -> str:
    """Return the matrix as the README shows it."""
    rows = [("", *(each.title for each in told)), ("---", *("---" for _ in told))]
    rows += [(f"`{name}`", *marks) for name, *marks in matrix(told)]
    return "\n".join(_row(each) for each in rows) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
