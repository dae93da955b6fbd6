"""The options by which orders are searched, the same for every command that does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from gateway.model.order import Phase

if TYPE_CHECKING:
    from gateway.orders.query import Query

TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"]


class Time(StrEnum):
    """Which time of an order `--since` and `--until` are about."""

    placed = "placed"
    updated = "updated"


_PANEL = "Which orders"


def _text(name: str, metavar: str, words: str) -> Any:
    return Annotated[str, typer.Option(name, metavar=metavar, help=words, rich_help_panel=_PANEL, show_default=False)]


def _time(name: str, words: str) -> Any:
    option = typer.Option(name, formats=TIMES, metavar="TIME", help=words, rich_help_panel=_PANEL, show_default=False)
    return Annotated[datetime | None, option]


def _several(name: str, metavar: str, words: str, kind: Any = str) -> Any:
    return Annotated[
        list[kind] | None,
        typer.Option(name, metavar=metavar, help=words, rich_help_panel=_PANEL, show_default=False),
    ]


# name of the parameter: its annotation and default
_OPTIONS: dict[str, tuple[Any, Any]] = {
    "number": (_text("--number", "NUMBER", "How the order's number begins."), ""),
    "title": (_text("--title", "WORDS", "Words that one line's title holds, in any place and case."), ""),
    "receiver": (_text("--receiver", "NAME", "The receiver's whole name; case and spaces do not count."), ""),
    "phone": (_text("--phone", "PHONE", "The receiver's whole phone, as the platform writes it."), ""),
    "phone_tail": (_text("--phone-tail", "DDDD", "The last four digits of the receiver's phone."), ""),
    "since": (_time("--since", "From then on (2026-11-01 or 2026-11-01T08:00:00Z; UTC unless it says)."), None),
    "until": (_time("--until", "Before then."), None),
    "time": (
        Annotated[Time, typer.Option("--time", help="What --since and --until are about.", rich_help_panel=_PANEL)],
        Time.placed,
    ),
    "store": (_several("--store", "STORE", "Only this store; may repeat."), None),
    "platform": (_text("--platform", "PLATFORM", "Only stores of this platform."), ""),
    "phase": (_several("--phase", "PHASE", "Only orders that stand here; may repeat.", Phase), None),
    "deadline_before": (_time("--deadline-before", "Only orders with a deadline before then."), None),
    "open_request": (
        Annotated[
            bool | None,
            typer.Option(
                "--open-request/--no-open-request",
                help="Only orders with (without) a request that waits for an answer.",
                rich_help_panel=_PANEL,
                show_default=False,
            ),
        ],
        None,
    ),
}


class Filters:
    """What was given of the options."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def query(self, sort: str = "placed") -> Query:
        """Return the search that is asked for."""
        from gateway.orders.query import Query, Sort

        given = self._given
        since, until = _aware(given["since"]), _aware(given["until"])
        placed = given["time"] is Time.placed
        return Query(
            number=given["number"],
            title=given["title"],
            receiver=given["receiver"],
            phone=given["phone"],
            phone_tail=given["phone_tail"],
            stores=tuple(given["store"] or ()),
            platform=given["platform"],
            phases=tuple(given["phase"] or ()),
            placed_since=since if placed else None,
            placed_until=until if placed else None,
            updated_since=None if placed else since,
            updated_until=None if placed else until,
            deadline_before=_aware(given["deadline_before"]),
            open_request=given["open_request"],
            sort=Sort(sort),
        )


def with_filters(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options; they reach it as ``filters``, a `Filters`. Put it under `with_session`."""
    hints = get_type_hints(function, include_extras=True, localns={"Filters": Filters})
    own = [each for each in inspect.signature(function).parameters.values() if each.name != "filters"]

    def command(*arguments: Any, **given: Any) -> None:
        filters = Filters({name: given.pop(name) for name in _OPTIONS})
        function(*arguments, filters=filters, **given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    first = own[0].replace(annotation=hints[own[0].name])
    parameters = [first, *(each.replace(annotation=hints[each.name], kind=keyword) for each in own[1:])]
    parameters += [
        inspect.Parameter(name, keyword, annotation=annotation, default=default)
        for name, (annotation, default) in _OPTIONS.items()
    ]
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__module__ = function.__module__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect reads
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _aware(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant
