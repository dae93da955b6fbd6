"""What all canonical models share."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from operator import methodcaller
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_LAST_SECOND = 20_000_000_000


class Frozen(BaseModel):
    """A value that never changes after it was made; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _InUtc:
    """Tells pydantic how an instant is made: whole seconds, by far the most, at once, all else by way of its zone."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        aware = core_schema.datetime_schema(tz_constraint="aware")
        # from here on pydantic takes a number for milliseconds
        whole = core_schema.int_schema(strict=True, ge=-_LAST_SECOND, le=_LAST_SECOND)
        seconds = core_schema.no_info_after_validator_function(partial(datetime.fromtimestamp, tz=UTC), whole)
        other = core_schema.no_info_after_validator_function(methodcaller("astimezone", UTC), aware)
        return core_schema.union_schema(
            [seconds, other],
            mode="left_to_right",
            custom_error_type="instant",
            custom_error_message="Input should be an instant: epoch seconds, or a date and time with its offset",
        )


Instant = Annotated[datetime, _InUtc]
"""A point in time. Always aware, always in UTC inside the gateway; naive values are refused."""
