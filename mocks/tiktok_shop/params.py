"""Reading the parameters of a call, refusing with the code of its area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Params:
    """The query or the body of one call; `code` is what the area answers to a wrong parameter."""

    values: Mapping[str, Any]
    code: int

    def wrong(self, words: str) -> ApiError:
        """Make the refusal of a wrong parameter."""
        return ApiError(self.code, f"Invalid parameter: {words}")

    def text(self, name: str) -> str:
        """Give a required text."""
        value = self.optional(name)
        if not value:
            raise self.wrong(f"{name} is required")
        return value

    def optional(self, name: str) -> str:
        """Give a text, empty when missing."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(f"{name} must be a string")
        return value

    def choice(self, name: str, allowed: Iterable[str], default: str | None = None) -> str:
        """Give a text that must be one of a few; required without a default."""
        value = self.optional(name) if default is not None else self.text(name)
        if not value and default is not None:
            return default
        if value not in set(allowed):
            raise self.wrong(f"{name} must be one of {', '.join(sorted(allowed))}")
        return value

    def number(self, name: str) -> int | None:
        """Give a whole number, from a number or its text, or None when missing."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdigit():
            raise self.wrong(f"{name} must be a whole number")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """Give a boolean, or None when missing."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(f"{name} must be true or false")
        return value

    def texts(self, name: str, limit: int | None = None) -> list[str]:
        """Give a list of texts, empty when missing."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(f"{name} must be a list of strings")
        if limit is not None and len(value) > limit:
            raise self.wrong(f"{name} takes at most {limit}")
        return value

    def rows(self, name: str) -> list[Params]:
        """Give a list of objects, empty when missing."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(f"{name} must be a list of objects")
        return [Params(one, self.code) for one in value]

    def inner(self, name: str) -> Params | None:
        """Give an object, or None when missing."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(f"{name} must be an object")
        return Params(value, self.code)

    def page_size(self, limit: int, default: int | None) -> int:
        """Give the page size, 1 to the limit; required without a default."""
        size = self.number("page_size")
        if size is None:
            if default is None:
                raise self.wrong("page_size is required")
            return default
        if not 1 <= size <= limit:
            raise self.wrong(f"page_size must be 1 to {limit}")
        return size
