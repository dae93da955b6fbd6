"""``gateway notices``: what people are told, to whom it went, and trying an address."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import OnlyStoreOption
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.policy.wording.catalog import Language

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.cases.deliveries import Delivery
    from gateway.cases.notices import Notice
    from gateway.operations.notices import ListedNotice, ShownNotice, TestedAddress

group = typer.Typer(help="What people are told, to whom it went, and trying an address.", no_args_is_help=True)

NoticeArgument = Annotated[str, typer.Argument(metavar="NOTICE", help="The notice's id, or the beginning of it.")]
LanguageOption = Annotated[
    Language | None,
    typer.Option("--lang", help="The language.  [default: `notify: language` in gateway.yaml]", show_default=False),
]


class Lowest(StrEnum):
    """How much a notice matters at least."""

    info = "info"
    warning = "warning"
    urgent = "urgent"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="notices")


@group.command("list")
@with_session
def list_(
    session: Session,
    store: OnlyStoreOption = None,
    level: Annotated[Lowest, typer.Option("--level", help="Only what matters at least so much.")] = Lowest.info,
    settled: Annotated[bool, typer.Option("--all", help="Also those whose cause is gone.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="At most so many.")] = 100,
    lang: LanguageOption = None,
) -> None:
    """List the notices that stand, the newest first."""
    from gateway.cases.notices import Level
    from gateway.operations.notices import list_notices as run

    lowest = Level(level.value)
    found = session.run(
        lambda context: run(context, store=store, lowest=lowest, settled=settled, limit=limit, language=lang),
        Access.read,
    )
    session.show(found, _notices)


@group.command("show")
@with_session
def show(session: Session, notice: NoticeArgument, lang: LanguageOption = None) -> None:
    """Show a notice, and its way to each address."""
    from gateway.operations.notices import show_notice as run

    found = session.run(lambda context: run(context, notice, language=lang), Access.read)
    session.show(found, _page, _ways)


@group.command("settle")
@with_session
def settle(session: Session, notice: NoticeArgument) -> None:
    """Settle a notice that somebody has seen to. One whose cause is gone settles by itself."""
    from gateway.operations.notices import settle_notice as run

    session.show(session.ask(run, notice, by=session.person()), _settled)


@group.command("send-again")
@with_session
def send_again(
    session: Session,
    notice: NoticeArgument,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="ADDRESS", help="Only to this one, also one it had not gone to."),
    ] = None,
) -> None:
    """Let a notice go once more to its addresses, whatever became of it there; the running gateway sends it."""
    from gateway.operations.notices import send_notice_again as run

    session.show(session.ask(run, notice, address=address, by=session.person()), _deliveries)


@group.command("test")
@with_session
def test(
    session: Session,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Its name under `notify` in gateway.yaml.")],
) -> None:
    """Send a test to an address now. One that had said it is gone gets notices again once it takes the test."""
    from gateway.operations.notices import try_address as run

    session.show(session.ask(run, address, by=session.person()), _tested)


def _notices(found: list[ListedNotice]) -> RenderableType:
    rows = (
        (
            each.notice.id[:8],
            each.notice.at,
            each.notice.level if each.notice.settled_at is None else "settled",
            each.notice.store,
            each.title,
        )
        for each in found
    )
    return table("", ("notice", "at", "", "store", "what"), rows, empty="Nothing stands that people must hear of.")


def _page(found: ShownNotice) -> str:
    state = (
        "it stands" if found.notice.settled_at is None else f"settled at {found.notice.settled_at:%Y-%m-%d %H:%M} UTC"
    )
    return "\n".join((found.title, f"  {found.notice.kind}, {found.notice.level}, {state}", "", found.text))


def _ways(found: ShownNotice) -> RenderableType:
    return _deliveries(found.deliveries)


def _deliveries(found: list[Delivery]) -> RenderableType:
    rows = ((each.address, each.state, each.attempts, each.due_at, each.last_error) for each in found)
    return table("", ("address", "", "tries", "due", "why not"), rows, empty="It goes to no address.")


def _settled(notice: Notice) -> str:
    return f"Notice {notice.id} is settled."


def _tested(tested: TestedAddress) -> str:
    more = ", and gets notices again" if tested.enabled else ""
    return f"Address {tested.address} took the test{more}."
