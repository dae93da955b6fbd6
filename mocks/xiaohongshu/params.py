"""Reading the business parameters of a call: numbers also as numeric texts, as live clients send them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.errors import required, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of one call, or of one object inside them."""

    values: Mapping[str, Any]

    def has(self, name: str) -> bool:
        """Say whether something was given under this name."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Give a required text."""
        if not self.has(name):
            raise required(name)
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise wrong(f"{name}应为字符串")
        return str(value)

    def optional_text(self, name: str) -> str:
        """Give a text, empty when missing."""
        return self.text(name) if self.has(name) else ""

    def number(self, name: str) -> int:
        """Give a required whole number."""
        if not self.has(name):
            raise required(name)
        value = self.values[name]
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        text = str(value)
        if not isinstance(value, str) or not text.removeprefix("-").isdecimal():
            raise wrong(f"{name}应为整数")
        return int(text)

    def optional_number(self, name: str, default: int) -> int:
        """Give a whole number, or the default when missing."""
        return self.number(name) if self.has(name) else default

    def within(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Give a whole number that must lie in a range."""
        value = self.number(name) if default is None else self.optional_number(name, default)
        if not low <= value <= high:
            raise wrong(f"{name}应在{low}到{high}之间")
        return value

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """Give a boolean."""
        if not self.has(name):
            if default is None:
                raise required(name)
            return default
        value = self.values[name]
        if value in (True, "true", 1, "1"):
            return True
        if value in (False, "false", 0, "0"):
            return False
        raise wrong(f"{name}应为布尔值")

    def numbers(self, name: str) -> list[int]:
        """Give a list of whole numbers, empty when missing."""
        return [Params({name: one}).number(name) for one in self._list(name)]

    def texts(self, name: str) -> list[str]:
        """Give a list of texts, empty when missing."""
        return [Params({name: one}).text(name) for one in self._list(name)]

    def rows(self, name: str) -> list[Params]:
        """Give a required list of objects."""
        rows = self._list(name)
        if not rows:
            raise required(name)
        if not all(isinstance(row, dict) for row in rows):
            raise wrong(f"{name}应为对象数组")
        return [Params(row) for row in rows]

    def inner(self, name: str) -> Params:
        """Give an object, empty when missing."""
        value = self.values.get(name) or {}
        if not isinstance(value, dict):
            raise wrong(f"{name}应为对象")
        return Params(value)

    def _list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise wrong(f"{name}应为数组")
        return value
