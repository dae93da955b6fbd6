"""The options that many commands share, told in the same words everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="The platform's order number.")]
StoreOption = Annotated[
    str | None, typer.Option("--store", metavar="STORE", help="Needed when several stores know the number.")
]
OnlyStoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only of this store.")]
OnlyOrderOption = Annotated[str | None, typer.Option("--order", metavar="ORDER", help="Only about this order.")]
