"""``gateway quota``, ``health``, ``closes``, ``points`` and ``appeals``: the books of the stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import cell, table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.ledger.appeals import Appeal
    from gateway.ledger.forecast import QuotaForecast
    from gateway.ledger.points import PointsEntry, PointsStanding
    from gateway.ledger.quota import CloseEntry
    from gateway.operations.books import Health, KnownAppeal

StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only this store.")]
WhyOption = Annotated[str, typer.Option("--because", metavar="WORDS", help="Why, for the books. No personal data.")]

closes = typer.Typer(help="Closes by the seller, as they are booked: held, spent, given back.", no_args_is_help=True)
points = typer.Typer(help="Points of the stores: read, taken, expected, given back.", no_args_is_help=True)
appeals = typer.Typer(help="Appeals against points, made in the platform's console.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("quota")(quota)
    app.command("health")(health)
    app.add_typer(closes, name="closes")
    app.add_typer(points, name="points")
    app.add_typer(appeals, name="appeals")


@with_session
def quota(session: Session, store: StoreOption = None) -> None:
    """Show the free closes of this month: spent, held by what is under way, left, and where it is heading."""
    from gateway.operations.books import show_quota as run

    session.show(session.run(lambda context: run(context, store=store), Access.read), _quota)


@with_session
def health(session: Session, store: StoreOption = None) -> None:
    """Show rates and points against the platform's lines: now, after one more close, and at the month's end."""
    from gateway.operations.books import show_health as run

    session.show(session.run(lambda context: run(context, store=store), Access.read), _health, _never_read)


@closes.command("list")
@with_session
def list_closes(session: Session, store: StoreOption = None) -> None:
    """List the closes in the books: when, which order, why, and whether the buyer was written to before."""
    from gateway.operations.books import list_closes as run

    session.show(session.run(lambda context: run(context, store=store), Access.read), _closes)


@closes.command("release")
@with_session
def release(
    session: Session,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order that will not be closed.")],
    store: StoreOption = None,
) -> None:
    """Give back what is held for a close that you were to make in the console, and will not."""
    from gateway.operations.books import release_close as run

    entry = session.ask(run, order, store=store, by=session.person())
    session.show(entry, lambda done: f"Nothing is held for a close of order {done.order_id} any more.")


@points.command("add")
@with_session
def add(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="read: the whole as the console shows it; taken.")],
    number: Annotated[int, typer.Argument(metavar="POINTS", min=0, help="How many.")],
    order: Annotated[str | None, typer.Option("--order", metavar="ORDER", help="For which they were taken.")] = None,
    because: WhyOption = "",
    store: StoreOption = None,
) -> None:
    """Book points as you saw them in the platform's console."""
    from gateway.ledger.points import PointsKind
    from gateway.operations.books import BY_HAND
    from gateway.operations.books import add_points as run

    if kind not in BY_HAND:
        raise typer.BadParameter(f"KIND is one of {', '.join(sorted(BY_HAND))}, not {kind}.")
    standing = session.ask(
        run, PointsKind(kind), number, store=store, order=order, because=because, by=session.person()
    )
    session.show(standing, _standing)


@points.command("pull")
@with_session
def pull(session: Session, store: StoreOption = None) -> None:
    """Ask the platforms that tell a store's points for them."""
    from gateway.operations.books import pull_points as run

    session.show(session.ask(run, store=store), _standings)


@points.command("list")
@with_session
def list_points(session: Session, store: StoreOption = None) -> None:
    """List what was booked about points, the newest first."""
    from gateway.operations.books import list_points as run

    session.show(session.run(lambda context: run(context, store=store), Access.read), _entries)


@appeals.command("open")
@with_session
def open_(
    session: Session,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order that cost the points.")],
    asked: Annotated[int, typer.Option("--points", metavar="POINTS", min=1, help="How many are asked back.")],
    because: WhyOption = "",
    store: StoreOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to what needs a person's yes.")] = False,
) -> None:
    """Note that you appeal in the platform's console, and be told by when it should be decided."""
    from gateway.operations.books import open_appeal as run

    known = session.ask(run, order, asked, store=store, because=because, approved=yes, by=session.person())
    session.show(known, lambda one: _appeals([one]), lambda one: _calendars([one]))


@appeals.command("settle")
@with_session
def settle(
    session: Session,
    appeal: Annotated[str, typer.Argument(metavar="APPEAL", help="As `gateway appeals list` names it.")],
    won: Annotated[bool, typer.Option("--won/--lost", help="How it ended.")],
    because: WhyOption = "",
) -> None:
    """Note how an appeal ended. A won one gives its points back, and never a free close."""
    from gateway.operations.books import settle_appeal as run

    known = session.ask(run, appeal, won=won, because=because, by=session.person())
    session.show(known, lambda one: _appeals([one]), lambda one: _calendars([one]))


@appeals.command("list")
@with_session
def list_appeals(session: Session, store: StoreOption = None) -> None:
    """List appeals, the oldest first."""
    from gateway.operations.books import list_appeals as run

    session.show(session.run(lambda context: run(context, store=store), Access.read), _appeals, _calendars)


def _quota(found: list[QuotaForecast]) -> RenderableType:
    rows = (
        (
            each.store,
            each.month,
            f"{each.spent} of {each.limit}",
            each.reserved,
            each.left,
            f"{each.left_after} left" if not each.points_after else f"costs {each.points_after} points",
            f"{each.month_end} of {each.limit}",
            each.begins_anew,
        )
        for each in found
    )
    columns = ("store", "month", "spent", "held", "left", "the next one", "at the month's end", "begins anew")
    return table("", columns, rows, empty="No store has free closes.")


def _health(found: Health) -> RenderableType:
    rows = (
        (
            each.store,
            each.line,
            each.at,
            each.now,
            each.after,
            each.month_end,
            ", ".join(word.replace("_", " ") for word in each.crossed) or "-",
            each.words,
            ", ".join(each.rules),
        )
        for each in found.lines
    )
    columns = ("store", "what", "line", "now", "after a close", "month's end", "crossed", "", "rules")
    return table("", columns, rows, empty="No store has lines that a rule knows.")


def _never_read(found: Health) -> str | None:
    never = [store for store, at in found.points_read.items() if at is None]
    if not never:
        return None
    return f"The points of {', '.join(never)} were never read: `gateway points add read N` or `gateway points pull`."


def _closes(found: list[CloseEntry]) -> RenderableType:
    rows = (
        (each.at, each.store, each.order_id, each.state, each.month, each.units, each.points, each.reason,
         each.contacted, each.by, each.because)
        for each in found
    )  # fmt: skip
    columns = ("at", "store", "order", "state", "month", "free", "points", "reason", "buyer told", "by", "because")
    return table("", columns, rows, empty="No close is in the books.")


def _entries(found: list[PointsEntry]) -> RenderableType:
    rows = (
        (each.at, each.store, each.kind, each.points, each.order_id, each.rule, each.by, each.because) for each in found
    )
    columns = ("at", "store", "what", "points", "order", "rule", "by", "because")
    return table("", columns, rows, empty="Nothing is booked about points.")


def _standing(standing: PointsStanding) -> str:
    return (
        f"{standing.scale.replace('_', ' ')}: {standing.known}, and {standing.projected} with the "
        f"{standing.expected} points that are expected."
    )


def _standings(told: dict[str, PointsStanding]) -> RenderableType:
    rows = ((store, each.scale.replace("_", " "), each.known, each.expected) for store, each in told.items())
    return table("", ("store", "what", "known", "expected"), rows, empty="No platform here tells points.")


def _appeals(found: list[KnownAppeal]) -> RenderableType:
    def row(appeal: Appeal, known: KnownAppeal) -> tuple[object, ...]:
        return (
            appeal.id,
            appeal.store,
            appeal.order_id,
            appeal.state,
            appeal.points,
            appeal.opened_at,
            f"about {cell(known.decided_by)}" if known.calendar else known.decided_by,
            appeal.because,
        )

    columns = ("appeal", "store", "order", "state", "points", "opened", "decided by", "because")
    return table("", columns, (row(each.appeal, each) for each in found), empty="No appeals.")


def _calendars(found: list[KnownAppeal]) -> str | None:
    return "\n".join(sorted({each.calendar for each in found if each.calendar})) or None
