"""``gateway evidence add / list / verify / get / sheet / pack``: what proves what happened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import OrderArgument, StoreOption
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.policy.terms import EvidenceKind
from gateway.policy.wording.catalog import Language

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.cases.appeal_pack import Pack
    from gateway.cases.evidence import Evidence, Verified

OutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file.")]
LanguageOption = Annotated[
    Language | None, typer.Option("--language", help="Instead of the one the platform reads.", show_default=False)
]

group = typer.Typer(
    help="Files that prove what happened: kept by date and order number, sealed, in a register that shows tampering.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="evidence")


@group.command("add")
@with_session
def add(
    session: Session,
    order: OrderArgument,
    kind: Annotated[EvidenceKind, typer.Option("--kind", help="What it shows.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="JPEG, PNG, WebP, PDF, HTML, UTF-8 text, MP4. Without one, --kind order_detail makes the order sheet.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Keep a file as evidence about an order. Its case hears of it."""
    from gateway.operations.evidence import add_evidence as run

    content = None if file is None else file.read_bytes()
    name = "" if file is None else file.name
    session.show(
        session.ask(run, order, kind, name, content, store=store, by=session.person()), lambda one: _list([one])
    )


@group.command("list")
@with_session
def list_(
    session: Session,
    order: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="Of this order only.")] = None,
    store: StoreOption = None,
) -> None:
    """List the evidence on record, the oldest first."""
    from gateway.operations.evidence import list_evidence as run

    session.show(session.run(lambda context: run(context, order_id=order, store=store), Access.read), _list)


@group.command("verify")
@with_session
def verify(
    session: Session,
    order: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="With the files of this order.")] = None,
    store: StoreOption = None,
    everything: Annotated[bool, typer.Option("--all", help="With every file.")] = False,
) -> None:
    """Check that the register is as it was written, and that the files are those that were kept.

    Ends with 1 when something is altered, missing or cut off.
    """
    from gateway.operations.evidence import verify_evidence as run

    found = session.run(lambda context: run(context, order_id=order, store=store, everything=everything), Access.read)
    session.show(found, _verified)
    if found.problems:
        raise typer.Exit(Exit.failed)


@group.command("get")
@with_session
def get(
    session: Session, number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `list` shows.")], out: OutOption
) -> None:
    """Write a file as it was brought, verified on the way."""
    from gateway.operations.evidence import save_evidence as run

    session.show(session.run(lambda context: run(context, number, out), Access.read), lambda one: _list([one]))


@group.command("sheet")
@with_session
def sheet(
    session: Session,
    order: OrderArgument,
    out: OutOption,
    store: StoreOption = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="As PDF instead of HTML.")] = False,
    language: LanguageOption = None,
) -> None:
    """Write the order sheet: the order as it was read, who bought it masked. `add --kind order_detail` keeps it."""
    from gateway.operations.evidence import save_order_sheet as run

    size = session.run(lambda context: run(context, order, out, store=store, pdf=pdf, language=language), Access.read)
    session.show({"file": str(out), "size": size}, lambda made: f"Order sheet {made['file']}: {made['size']} bytes.")


@group.command("pack")
@with_session
def pack(
    session: Session, order: OrderArgument, out: OutOption, store: StoreOption = None, language: LanguageOption = None
) -> None:
    """Write all that proves what happened to an order into one zip, to be handed in. It holds personal data."""
    from gateway.operations.evidence import save_pack as run

    made = session.run(lambda context: run(context, order, out, store=store, language=language), Access.read)
    shown = {
        "file": str(out),
        "size": len(made.content),
        "files": made.files,
        "evidence": made.evidence,
        "decisions": made.decisions,
        "missing": made.missing,
        "language": made.language,
    }
    session.show(shown, lambda _: _packed(out, made))


def _list(found: list[Evidence]) -> RenderableType:
    rows = (
        (each.number, each.at, each.store, each.order_id, each.kind, "erased" if each.name is None else each.name,
         each.media_type, each.size, each.by, each.digest[:12])
        for each in found
    )  # fmt: skip
    columns = ("number", "at", "store", "order", "kind", "name", "type", "bytes", "by", "digest")
    return table("", columns, rows, empty="No evidence is on record.")


def _verified(found: Verified) -> str:
    lines = [f"{found.rows} in the register, {found.files} files read."]
    if found.sealed_for_good:
        lines.append(f"{found.sealed_for_good} of them nobody can open any more: the person of the order was erased.")
    lines += found.problems or ["All as it was written."]
    return "\n".join(lines)


def _packed(out: Path, made: Pack) -> str:
    said = f"Pack {out}: {made.evidence} evidence files, {made.decisions} decisions, {len(made.content)} bytes."
    if made.missing:
        said += f" Still missing: {', '.join(made.missing)} (`gateway evidence add ORDER --kind KIND FILE`)."
    return said
