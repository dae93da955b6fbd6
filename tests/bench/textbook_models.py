"""The canonical order as a textbook writes it: the same fields, but each amount an object of its own.

All else is taken over from the canonical models, what they refuse included, so that only the layout is compared.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, create_model

from gateway.model import after_sale, order
from gateway.model.base import Frozen
from gateway.model.money import Money


def _with_money(model: type[BaseModel], **instead: Any) -> Any:
    """Return ``model`` with `Money` for each amount (``total_money`` for ``total_minor``), some fields ``instead``."""
    fields: dict[str, Any] = {}
    for name, told in model.model_fields.items():
        if name.endswith("_minor"):
            fields[name.removesuffix("_minor") + "_money"] = (Money | None, None)
        else:
            fields[name] = (instead.get(name, told.annotation), told)
    return create_model(model.__name__, __base__=Frozen, **fields)


AfterSaleLine = _with_money(after_sale.AfterSaleLine)
AfterSale = _with_money(after_sale.AfterSale, lines=tuple[AfterSaleLine, ...])
LineItem = _with_money(order.LineItem)
Payment = _with_money(order.Payment)
Order = _with_money(
    order.Order,
    lines=tuple[LineItem, ...],
    payments=tuple[Payment, ...],
    requests=tuple[AfterSale, ...],
)


def without_money(told: Any) -> Any:
    """Return the fields of a model of this module, dumped, as those of the canonical model they come from."""
    if isinstance(told, list | tuple):
        return [without_money(each) for each in told]
    if not isinstance(told, dict):
        return told
    return {
        name.replace("_money", "_minor"): value and value["minor"] if name.endswith("_money") else without_money(value)
        for name, value in told.items()
    }
