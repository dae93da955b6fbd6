"""Reading the parameters of a call: every one is a text; objects, lists and maps are JSON texts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688.errors import bad, missing
from mocks.alibaba_1688.model import CHINA

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATE = re.compile(r"(\d{14})(\d{3})([+-]\d{4})")


@dataclass(frozen=True, slots=True)
class Params:
    """The business parameters of one call."""

    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Give a required text."""
        value = self.optional(name)
        if not value:
            raise missing(name)
        return value

    def optional(self, name: str) -> str:
        """Give a text, empty when missing."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, Decimal):
            return format(value, "f")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)

    def number(self, name: str) -> int:
        """Give a required whole number (`Long`, `Integer`)."""
        self.text(name)
        found = self.optional_number(name)
        if found is None:
            raise missing(name)
        return found

    def optional_number(self, name: str, default: int | None = None) -> int | None:
        """Give a whole number, or the default when missing."""
        text = self.optional(name).strip()
        if not text:
            return default
        if not re.fullmatch(r"-?\d+", text):
            raise bad(f"{name} is not a number")
        return int(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Give a boolean."""
        text = self.optional(name).strip().lower()
        if text in {"", "true", "false"}:
            return default if text == "" else text == "true"
        raise bad(f"{name} is not a boolean")

    def date(self, name: str) -> int | None:
        """Give a `java.util.Date` as unix seconds, or None when missing."""
        text = self.optional(name).strip()
        if not text:
            return None
        found = _DATE.fullmatch(text)
        try:
            if found:
                when = datetime.strptime(found[1] + found[3], "%Y%m%d%H%M%S%z")
            else:
                when = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        except ValueError as error:
            raise bad(f"{name} is not a date like 20180801104333000+0800") from error
        return int(when.timestamp())

    def json(self, name: str) -> Any:
        """Give the value of a parameter sent as JSON text, None when missing."""
        text = self.optional(name).strip()
        if not text:
            return None
        try:
            return json.loads(text, parse_float=Decimal)
        except ValueError as error:
            raise bad(f"{name} is not JSON") from error

    def inner(self, name: str) -> Params:
        """Give a required object."""
        self.text(name)
        value = self.json(name)
        if not isinstance(value, dict):
            raise bad(f"{name} is not an object")
        return Params(value)

    def rows(self, name: str) -> list[Params]:
        """Give a list of objects, empty when missing."""
        value = self.json(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise bad(f"{name} is not a list of objects")
        return [Params(row) for row in value]

    def numbers(self, name: str) -> list[int]:
        """Give a list of `Long`, empty when missing; the numbers may be sent as texts."""
        value = self.json(name)
        if value is None:
            return []
        items = value if isinstance(value, list) else [value]
        try:
            return [int(item) for item in items]
        except (TypeError, ValueError) as error:
            raise bad(f"{name} is not a list of numbers") from error

    def texts(self, name: str) -> list[str]:
        """Give a list of texts: JSON, or joined by commas; empty when missing."""
        text = self.optional(name).strip()
        if not text.startswith("["):
            return [part.strip() for part in text.split(",") if part.strip()]
        value = self.json(name)
        return [str(item) for item in value]
