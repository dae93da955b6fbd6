"""The ``gateway`` command, put together."""

from __future__ import annotations

import typer

from gateway.cli import (
    alerts,
    approvals,
    apps,
    automations,
    backups,
    books,
    buyers,
    cases,
    contact,
    deciding,
    demo,
    doctor,
    effects,
    events,
    evidence,
    facts,
    messages,
    notices,
    orders,
    platforms,
    purchases,
    quarantine,
    requests,
    rules,
    scaffold,
    serving,
    setup,
    shipping,
    stock,
    stores,
    syncing,
    tasks,
    today,
)
from gateway.cli.exits import epilog
from gateway.cli.session import ClockOption, DataOption, JsonOption, LevelOption, Running, Session

_PARTS = (
    setup,
    serving,
    syncing,
    stores,
    apps,
    orders,
    today,
    cases,
    tasks,
    approvals,
    shipping,
    requests,
    facts,
    books,
    messages,
    contact,
    evidence,
    purchases,
    stock,
    buyers,
    effects,
    deciding,
    rules,
    events,
    quarantine,
    alerts,
    notices,
    automations,
    backups,
    platforms,
    scaffold,
    doctor,
    demo,
)


def build(running: Running) -> typer.Typer:
    """Return the command line over ``running``, which opens the gateway kept in a data folder."""
    app = typer.Typer(
        name="gateway",
        help="One view of every store's orders, and the cheapest compliant path to end those that must end.",
        epilog=epilog(),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )

    @app.callback()
    def begin(
        ctx: typer.Context,
        data: DataOption = None,
        as_json: JsonOption = False,
        clock: ClockOption = None,
        log_level: LevelOption = None,
    ) -> None:
        ctx.obj = Session(running).given(data, as_json, clock, log_level)

    for part in _PARTS:
        part.register(app)
    return app
