"""What all canonical models share."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import methodcaller
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Frozen(BaseModel):
    """A value that never changes after it was made; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _InUtc:
    """Tells pydantic how an instant is made. What can only be in UTC already, by far the most, is taken at once.

    That is an epoch second, or text without an offset but Z. A datetime may be in a zone that has no offset just then
    (London in winter), so it is always moved. From 20,000,000,000 on pydantic takes a number for milliseconds.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        in_utc = core_schema.datetime_schema(tz_constraint=0)
        aware = core_schema.datetime_schema(tz_constraint="aware")
        moved = core_schema.no_info_after_validator_function(methodcaller("astimezone", UTC), aware)
        seconds = core_schema.chain_schema([core_schema.int_schema(strict=True), in_utc])
        return core_schema.json_or_python_schema(_either(in_utc, moved), _either(seconds, moved))


def _either(first: CoreSchema, second: CoreSchema) -> CoreSchema:
    return core_schema.union_schema(
        [first, second],
        mode="left_to_right",
        custom_error_type="instant",
        custom_error_message="Input should be an instant: epoch seconds, or a date and time with its offset",
    )


Instant = Annotated[datetime, _InUtc]
"""A point in time. Always aware, always in UTC inside the gateway; naive values are refused."""
