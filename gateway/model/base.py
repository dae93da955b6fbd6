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
    """Tells pydantic how an instant is made. Whole seconds, by far the most, never leave its compiled code."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        aware = core_schema.datetime_schema(tz_constraint="aware")
        seconds = core_schema.chain_schema([core_schema.int_schema(strict=True), aware])
        other = core_schema.no_info_after_validator_function(methodcaller("astimezone", UTC), aware)
        return core_schema.union_schema(
            [seconds, other],
            mode="left_to_right",
            custom_error_type="instant",
            custom_error_message="Input should be an instant: epoch seconds, or a date and time with its offset",
        )


Instant = Annotated[datetime, _InUtc]
"""A point in time. Always aware, always in UTC inside the gateway; naive values are refused."""
