"""``gateway approvals``: a person's yes or no before an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import OnlyOrderOption, OnlyStoreOption
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.policy.wording.catalog import Language

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.cases.approvals import Approval
    from gateway.operations.approvals import ListedApproval, ShownApproval

group = typer.Typer(help="What waits for a person's yes, and the yes or no to it.", no_args_is_help=True)

ApprovalArgument = Annotated[
    str, typer.Argument(metavar="APPROVAL", help="The approval's id, as `gateway approvals list` shows it.")
]
LanguageOption = Annotated[Language, typer.Option("--lang", help="The language of reasons and explanation.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="approvals")


@group.command("list")
@with_session
def list_(
    session: Session,
    store: OnlyStoreOption = None,
    order: OnlyOrderOption = None,
    ended: Annotated[bool, typer.Option("--all", help="Also those that are used, refused or gone.")] = False,
    lang: LanguageOption = Language.en,
) -> None:
    """List what waits for a yes, and what has one and is not used; the first to expire first."""
    from gateway.operations.approvals import list_approvals as run

    found = session.run(lambda context: run(context, store=store, order=order, ended=ended, language=lang), Access.read)
    session.show(found, _approvals)


@group.command("show")
@with_session
def show(session: Session, approval: ApprovalArgument, lang: LanguageOption = Language.en) -> None:
    """Show what is asked, why, what it costs, and who has agreed."""
    from gateway.operations.approvals import show_approval as run

    found = session.run(lambda context: run(context, approval, language=lang), Access.read)
    session.show(found, _page)


@group.command("yes")
@with_session
def yes(
    session: Session,
    approval: ApprovalArgument,
    because: Annotated[str, typer.Option("--because", help="Why, without names or numbers.")] = "",
) -> None:
    """Agree. Where two people must, the first yes waits for the second, another person's."""
    from gateway.operations.approvals import answer_approval as run

    session.show(session.ask(run, approval, yes=True, because=because, by=session.person()), _answered)


@group.command("no")
@with_session
def no(
    session: Session,
    approval: ApprovalArgument,
    because: Annotated[str, typer.Option("--because", help="Why, without names or numbers.")] = "",
) -> None:
    """Refuse. The case is left to a person; it does not ask the same again."""
    from gateway.operations.approvals import answer_approval as run

    session.show(session.ask(run, approval, yes=False, because=because, by=session.person()), _answered)


def _approvals(found: list[ListedApproval]) -> RenderableType:
    rows = (
        (
            each.approval.id,
            each.approval.expires_at,
            "expired" if each.late else _standing(each.approval),
            each.approval.action,
            each.approval.store,
            each.approval.order_id,
            each.cost,
            "; ".join(each.words),
        )
        for each in found
    )
    columns = ("approval", "expires", "", "to", "store", "order", "cost", "why a yes is needed")
    return table("", columns, rows, empty="Nothing waits for a yes.")


def _page(found: ShownApproval) -> RenderableType:
    approval = found.approval
    agreed = ", ".join(each for each in (approval.first_by, approval.second_by) if each)
    facts: list[tuple[str, object]] = [
        ("order", f"{approval.order_id} of {approval.store}"),
        ("to", approval.action),
        ("path", found.decision.get("path")),
        ("why", found.explanation),
        ("rules", ", ".join(found.decision.get("because", ()))),
        ("costs", found.cost),
        ("needs a yes", "; ".join(found.words)),
        ("who may agree", f"{approval.role}{', two different people' if approval.second_person else ''}"),
        ("answered by", agreed),
        ("because", approval.because),
        ("state", "expired" if found.late else _standing(approval)),
        ("expires", approval.expires_at),
    ]
    return table("", ("", "approval"), ((name, value) for name, value in facts if value), empty="")


def _standing(approval: Approval) -> str:
    waits = approval.state == "asked" and approval.first_by is not None
    return f"asked, {approval.first_by} agreed" if waits else str(approval.state)


def _answered(approval: Approval) -> str:
    if approval.state == "asked":
        return f"Approval {approval.id}: {approval.first_by} agreed. Another person must agree as well."
    return f"Approval {approval.id} is {approval.state}."
