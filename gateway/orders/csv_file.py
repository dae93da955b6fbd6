"""CSV files that people write: every mistake named by line and column, and nothing taken while there is one."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gateway.errors import DataError

_MOST_TOLD = 20  # mistakes of a file that are listed; of the others the number is told

Cells: TypeAlias = Mapping[str, str | None]
"""The cells of a line by column; empty ones are None, columns the file has not are missing."""


class Mistakes:
    """Collects the mistakes of a file, to tell them all at once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[str] = []

    def add(self, line: int, column: str, words: str) -> None:
        """Note a mistake."""
        self._found.append(f"{self._file}, line {line}, column {column}: {words}")

    def raise_if_any(self) -> None:
        """Raise DataError with everything that was noted."""
        if not self._found:
            return
        told = self._found[:_MOST_TOLD]
        if len(self._found) > len(told):
            told.append(f"and {len(self._found) - len(told)} more")
        raise DataError("\n".join([*told, "Nothing was imported. Correct this and import the whole file again."]))


def csv_rows(text: str, columns: Sequence[str], required: Sequence[str], mistakes: Mistakes) -> list[tuple[int, Cells]]:
    """Return the lines of a CSV file with their numbers; what cannot be read goes to ``mistakes``.

    The first line names ``columns``, among them all ``required`` ones. Blank lines are skipped.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[tuple[int, Cells]] = []
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip().lower() for cell in cells]
                if not _check_header(header, reader.line_num, columns, required, mistakes):
                    return []
                continue
            if len(cells) != len(header):
                mistakes.add(reader.line_num, "-", f"{len(cells)} cells, but the first line names {len(header)}")
                continue
            named = {column: cell.strip() or None for column, cell in zip(header, cells, strict=True)}
            rows.append((reader.line_num, named))
    except csv.Error as error:
        mistakes.add(reader.line_num, "-", f"is no CSV ({error}); check its quotes")
    if header is None:
        mistakes.add(1, "-", f"the file is empty; its first line must name columns, such as {','.join(columns)}")
    return rows


def _check_header(
    header: list[str], line: int, columns: Sequence[str], required: Sequence[str], mistakes: Mistakes
) -> bool:
    fine = True
    for column in header:
        if column not in columns or header.count(column) > 1:
            mistakes.add(line, column or "-", f"is unknown or named twice; columns are {', '.join(columns)}")
            fine = False
    for column in required:
        if column not in header:
            mistakes.add(line, column, "is missing; name it in the first line")
            fine = False
    return fine
