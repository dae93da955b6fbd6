"""Parameters of an act: the gateway's common names in Shopee's, and what a call cannot do without.

Shopee's own names are taken as well, as `effects` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.errors import InvalidRequest
from gateway.ports import Act, Operation, WayKind

NON_INTEGRATED = "non_integrated"
CANCELLATION = "cancel:"
"""How the id of a buyer's cancellation request begins; the order's number follows, since Shopee gives it none."""

_NAMES: Mapping[Operation, Mapping[str, str]] = {
    Operation.ship: {
        "way": "method",
        "package_id": "package_number",
        "slot_id": "pickup_time_id",
        "sender_name": "sender_real_name",
        "carrier": "slug",
    },
    Operation.offer_solution: {"solution": "proposed_solution", "amount": "proposed_adjusted_refund_amount"},
    Operation.open_dispute: {"text": "dispute_text_reason"},
}


def native(act: Act) -> Act:
    """Return an act whose parameters carry Shopee's names and words."""
    names = _NAMES.get(act.operation)
    if names is None:
        return act
    named = {names.get(name, name): value for name, value in act.parameters.items()}
    if named.get("method") == WayKind.own_carrier:
        named["method"] = NON_INTEGRATED
    if "proposed_solution" in named:
        named["proposed_solution"] = named["proposed_solution"].upper()
    return replace(act, parameters=named)


def common(name: str) -> str:
    """Return the gateway's common name of a parameter of `ship` that Shopee asks for."""
    return {theirs: ours for ours, theirs in _NAMES[Operation.ship].items()}.get(name, name)


def needed(act: Act, name: str) -> str:
    """Return a parameter. Raises InvalidRequest without it."""
    value = act.parameters.get(name, "")
    if not value:
        raise InvalidRequest(f"{act.operation} needs the parameter `{name}`.")
    return value


def whole(text: str) -> int:
    """Return an id as the whole number Shopee wants. Raises InvalidRequest when it is none."""
    if not (text.isascii() and text.isdigit()):
        raise InvalidRequest("An id that Shopee wants as a whole number is none. Take it from the order as read.")
    return int(text)


def return_sn(act: Act) -> str:
    """Return the number of the return that is answered. Raises InvalidRequest without one."""
    if not act.request_id:
        raise InvalidRequest(f"{act.operation} answers a return: name its number as the request.")
    return act.request_id
