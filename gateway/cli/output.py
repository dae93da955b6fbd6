"""What goes to standard output: tables for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDE = 200  # columns when nobody looks: nothing is cut off in a pipe


def plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: times ISO 8601 in UTC, spans in seconds, sets sorted."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    return next((spell(value) for kind, spell in _SPELLINGS if isinstance(value, kind)), value)


_SPELLINGS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str),
    (BaseModel, lambda model: {name: plain(getattr(model, name)) for name in type(model).model_fields}),
    (datetime, lambda instant: instant.astimezone(UTC).isoformat().replace("+00:00", "Z")),
    (timedelta, lambda span: span.total_seconds()),
    (date, str),
    (PurePath, str),
    (Mapping, lambda mapping: {str(key): plain(each) for key, each in mapping.items()}),
    (AbstractSet, lambda each: sorted(plain(one) for one in each)),
    (Iterable, lambda each: [plain(one) for one in each]),
)


def print_json(value: Any, *, line: bool = False) -> None:
    """Print ``value`` as one JSON document, on a single ``line`` for readers that do not wait for the end."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=None if line else 2) + "\n")
    sys.stdout.flush()


def console(*, stderr: bool = False) -> Console:
    """Return where tables and sentences are written."""
    from rich.console import Console

    shown = Console(stderr=stderr, highlight=False, soft_wrap=True)
    return shown if shown.is_terminal else Console(stderr=stderr, highlight=False, soft_wrap=True, width=_WIDE)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> RenderableType:
    """Return a table, or the sentence ``empty`` when there are no rows. Cells are shown as they are, not as markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell(each)) for each in row))
    return shown if shown.row_count else Text(empty)


def cell(value: object) -> str:
    """Return a value as a person reads it: times in UTC to the second, nothing for None."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return str(value)
