"""Reading the business parameters of a call, refusing in Shopee's words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mocks.shopee.errors import required, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of one call: the query of a GET, the JSON body of a POST, or the fields of a form."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Give a required text."""
        value = self.values.get(name)
        if value is None or value == "":
            raise required(name)
        if not isinstance(value, str):
            raise wrong(f"{name} should be a string.")
        return value

    def optional_text(self, name: str) -> str:
        """Give a text, empty when missing."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise wrong(f"{name} should be a string.")
        return value

    def choice(self, name: str, allowed: Iterable[str]) -> str:
        """Give a required text that must be one of a few."""
        value = self.text(name)
        if value not in set(allowed):
            raise wrong(f"{name} is invalid.")
        return value

    def optional_choice(self, name: str, allowed: Iterable[str]) -> str:
        """Give a text that must be one of a few, empty when missing."""
        return self.choice(name, allowed) if self.values.get(name) else ""

    def number(self, name: str) -> int:
        """Give a required whole number."""
        if self.values.get(name) in (None, ""):
            raise required(name)
        return self._whole(name)

    def optional_number(self, name: str, default: int) -> int:
        """Give a whole number, or the default when missing."""
        return default if self.values.get(name) in (None, "") else self._whole(name)

    def page_size(self, limit: int = 100, *, default: int | None = None) -> int:
        """Give the page size, 1 to the limit."""
        size = self.number("page_size") if default is None else self.optional_number("page_size", default)
        if size > limit:
            raise wrong(f"page_size must be {limit} or less.")
        if size < 1:
            raise wrong("page_size must be 1 or greater.")
        return size

    def amount(self, name: str) -> Decimal | None:
        """Give a JSON number as an exact decimal, or None when missing."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise wrong(f"{name} should be a number.")
        return Decimal(value)

    def flag(self, name: str) -> bool:
        """Give a boolean, false when missing."""
        value = self.values.get(name, False)
        if value in (True, "true", "True", "1"):
            return True
        if value in (False, "false", "False", "0", ""):
            return False
        raise wrong(f"{name} should be a boolean.")

    def names(self, name: str) -> list[str]:
        """Give a comma-joined list."""
        return [part.strip() for part in self.optional_text(name).split(",") if part.strip()]

    def rows(self, name: str) -> list[Params]:
        """Give a list of objects, empty when missing."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise wrong(f"{name} should be a list of objects.")
        return [Params(row) for row in value]

    def inner(self, name: str) -> Params | None:
        """Give an object, or None when missing."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise wrong(f"{name} should be an object.")
        return Params(value)

    def _whole(self, name: str) -> int:
        value = self.values[name]
        if isinstance(value, bool):
            raise wrong(f"{name} should be an integer.")
        if isinstance(value, int):
            return value
        text = str(value)
        if not text.removeprefix("-").isdigit():
            raise wrong(f"{name} should be an integer.")
        return int(text)
