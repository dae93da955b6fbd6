"""``gateway resolve`` and ``gateway stop-effects``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import OrderArgument, StoreOption
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.policy.terms import Reason

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.resolving import Resolved
    from gateway.operations.stopping import Stopped


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("resolve")(resolve)
    app.command("stop-effects")(stop_effects)


@with_session
def resolve(
    session: Session,
    order: OrderArgument,
    reason: Annotated[Reason, typer.Option(help="The true reason why it should end.")],
    store: StoreOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and why.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="You agree to the step, where a person must.")] = False,
) -> None:
    """End an order that must end, by the cheapest path the platform's rules allow."""
    from gateway.operations.resolving import resolve as run

    result = session.ask(run, order, reason, store=store, dry_run=dry_run, approved=yes, by=session.person())
    session.show(result, _decision, _options, _purchases)
    if (code := exit_of(result.outcome)) is not Exit.ok:
        raise typer.Exit(code)


@with_session
def stop_effects(
    session: Session,
    store: Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only in this store.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take the brake off again.")] = False,
) -> None:
    """Stop every effect at once, also of a gateway that runs; it stays stopped over a restart."""
    from gateway.operations.stopping import stop_effects as run

    by = session.person()
    # a brake must work whoever holds the lock, and also when the gateway that runs hangs: it asks nobody
    stopped = session.run(lambda context: run(context, store, active=not resume, by=by), Access.brake)
    session.show(stopped, _stopped)


def exit_of(outcome: str) -> Exit:
    """Return the exit code of what `resolve` came to."""
    return {
        "done": Exit.ok,
        "dry_run": Exit.ok,
        "nothing_to_do": Exit.ok,
        "person": Exit.person_needed,
        "refused": Exit.failed,
        "dropped": Exit.failed,
    }.get(outcome, Exit.unavailable)


def _decision(result: Resolved) -> RenderableType:
    decision = result.decision
    facts: list[tuple[str, object]] = [
        ("order", f"{result.order_id} of {result.store}, {result.phase}"),
        ("next step", f"{decision['action']} by {decision['performed_by']} (path {decision['path']})"),
        ("why", decision["explanation"]),
        ("rules", ", ".join(decision["because"])),
        ("not before", decision["not_before"]),
        ("act by", decision["act_by"]),
        ("needs a yes", ", ".join(decision["approval"]) or "no"),
        ("vouched for", ", ".join(result.attested) or "-"),
        ("assumed", ", ".join(result.defaulted) or "-"),
        ("outcome", result.outcome),
        ("case", result.case),
        ("", result.words),
    ]
    return table("", ("", "decision"), ((name, value) for name, value in facts if value), empty="")


def _options(result: Resolved) -> RenderableType:
    rows = (
        (
            option["path"],
            option["allowed"],
            "-" if option["cost"] is None else " ".join(option["cost"]["total"].values()),
            ", ".join(option["missing"]),
            ", ".join(option["because"]),
        )
        for option in result.decision["options"]
    )
    return table("Paths", ("path", "allowed", "cost", "missing", "rules"), rows, empty="")


def _purchases(result: Resolved) -> RenderableType | None:
    """Return what becomes of the purchases of a sale, and what its end costs with theirs."""
    from gateway.policy.amount import Amount

    def price(minor: int, currency: str) -> str:
        return f"{Amount.rounded(minor, currency).amount} {currency}"

    upstream = result.upstream
    if upstream is None:
        return None
    rows = (
        (
            each.store,
            each.order_id,
            each.phase,
            each.plan.replace("_", " "),
            each.reason,
            price(each.cost_minor, each.currency),
            price(each.money_back_minor, each.currency),
            each.because,
        )
        for each in upstream.purchases
    )
    net = upstream.net_minor
    whole = "not known" if net is None else price(net, upstream.currency)
    columns = ("bought by", "purchase", "phase", "then", "true reason", "cost", "comes back", "why")
    return table(f"Purchases for this order; the end costs {whole} with theirs", columns, rows, empty="")


def _stopped(stopped: Stopped) -> str:
    if stopped.everywhere:
        return "Effects are stopped in every store. `gateway stop-effects --resume` lets them go on."
    if stopped.stores:
        return f"Effects are stopped in: {', '.join(stopped.stores)}."
    return "No effects are stopped."
