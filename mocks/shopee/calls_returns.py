"""Return calls: reads, refund, negotiation and the way back (API.md section 8)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mocks.shopee import return_machine
from mocks.shopee.calling import Call, Reply
from mocks.shopee.errors import ApiError, required, wrong
from mocks.shopee.model import EXPONENTS, exponent, major
from mocks.shopee.wire_returns import return_detail, return_row

if TYPE_CHECKING:
    from mocks.shopee.calling import Context
    from mocks.shopee.model import Return
    from mocks.shopee.params import Params

STATUSES = {"REQUESTED", "PROCESSING", "ACCEPTED", "SELLER_DISPUTE", "JUDGING", "CLOSED", "CANCELLED"}
NEGOTIATIONS = {"PENDING_RESPOND", "PENDING_BUYER_RESPOND", "TERMINATED"}
PROOFS = {"NOT_NEEDED", "PENDING", "UPLOADED", "OVERDUE"}
COMPENSATIONS = {
    "NOT_APPLICABLE",
    "INITIAL_STAGE",
    "PENDING_REQUEST",
    "NOT_REQUIRED",
    "REQUESTED",
    "APPROVED",
    "REJECTED",
    "CANCELLED",
    "NOT_ELIGIBLE",
}
SOLUTIONS = ("RETURN_REFUND", "REFUND")
SPAN = 15 * 86_400
UNKNOWN = ApiError("error_param", "Return SN or ID is invalid.")
SELLER_PICKUP_REGIONS = {"TW", "BR"}
CARRIERS = {1: "Sample Reverse Post", 2: "Sample Reverse Express"}


def find(ctx: Context, params: Params, unknown: ApiError) -> Return:
    """Give the shop's return, or refuse in the words this call uses."""
    one = ctx.world.returns.get(params.text("return_sn"))
    if one is None or one.order.shop_id != ctx.shop.shop_id:
        raise ApiError(unknown.code, unknown.text)
    return one


def get_return_list(ctx: Context, params: Params) -> Reply:
    """List a shop's returns, newest change first, under the singular key `return`."""
    page = params.number("page_no")
    size = params.page_size()
    if page < 0:
        raise wrong("page_no must be 0 or greater.")
    created, updated = _span(params, "create_time"), _span(params, "update_time")
    if created and updated and updated[0] < created[0]:
        raise wrong("update_time_from must not be earlier than create_time_from.")
    status = params.optional_choice("status", STATUSES)
    negotiation = params.optional_choice("negotiation_status", NEGOTIATIONS)
    proof = params.optional_choice("seller_proof_status", PROOFS)
    prefixed = {f"COMPENSATION_{name}" for name in COMPENSATIONS}
    compensation = params.optional_choice("seller_compensation_status", COMPENSATIONS | prefixed)
    found = [
        one
        for one in ctx.world.returns.values()
        if one.order.shop_id == ctx.shop.shop_id
        and (created is None or created[0] <= one.created <= created[1])
        and (updated is None or updated[0] <= one.updated <= updated[1])
        and status in {"", one.status}
        and negotiation in {"", one.negotiation}
        and proof in {"", one.proof}
        and compensation.removeprefix("COMPENSATION_") in {"", one.compensation.removeprefix("COMPENSATION_")}
    ]
    found.sort(key=lambda one: (one.updated, one.sn), reverse=True)
    first = max(page - 1, 0) * size  # the sheet's default is page 0, its sample page 1: both are the first
    rows = [return_row(ctx.world, one) for one in found[first : first + size]]
    return Reply({"more": len(found) > first + size, "return": rows})


def _span(params: Params, name: str) -> tuple[int, int] | None:
    start, end = params.values.get(f"{name}_from"), params.values.get(f"{name}_to")
    if start is None and end is None:
        return None
    first, last = params.number(f"{name}_from"), params.number(f"{name}_to")
    if first > last or last - first > SPAN:
        raise wrong(f"{name}_from and {name}_to must be within 15 days.")
    return first, last


def get_return_detail(ctx: Context, params: Params) -> Reply:
    """Show one return."""
    return Reply(return_detail(ctx.world, find(ctx, params, UNKNOWN)))


def confirm(ctx: Context, params: Params) -> Reply:
    """Let the seller refund now: the return becomes ACCEPTED."""
    one = find(ctx, params, UNKNOWN)
    _check_kind(one)
    if one.status in {"SELLER_DISPUTE", "JUDGING"}:
        raise ApiError("error_ongoing_dispute")
    if one.status not in {"REQUESTED", "PROCESSING"}:
        raise ApiError("error_return_status")
    return_machine.refund(ctx.world, one)
    ctx.applied(one.order.sn)
    return Reply({"return_sn": one.sn})


def _check_kind(one: Return) -> None:
    if one.validation == "warehouse_validation":
        raise ApiError("error_validation")


def _check_negotiable(one: Return) -> None:
    if one.status in {"SELLER_DISPUTE", "JUDGING"}:
        raise ApiError("error_ongoing_dispute")
    if one.status != "REQUESTED":
        raise ApiError("error_return_status")
    _check_kind(one)
    if one.request_type != 0:
        raise ApiError("error_return_request_type")


def _bounds(one: Return) -> tuple[int, int]:
    """Give the least and most the seller may offer, minor units."""
    return 1, return_machine.value_of(one.order, one.content)


def get_available_solutions(ctx: Context, params: Params) -> Reply:
    """Tell which solutions the seller may offer, and within which amounts."""
    one = find(ctx, params, ApiError("error_data"))
    least, most = _bounds(one)
    open_to_offers = (
        one.status == "REQUESTED"
        and one.negotiation == "PENDING_RESPOND"
        and one.request_type == 0
        and one.validation == "seller_validation"
    )

    def solution(*, eligible: bool) -> dict[str, Any]:
        return {
            "eligibility": eligible,
            "refund_amount_adjustable": eligible,
            "max_refund_amount": major(most if eligible else 0, one.order.currency),
            "min_refund_amount": major(least if eligible else 0, one.order.currency),
        }

    return Reply(
        {
            "return_sn": one.sn,
            "offer_return_refund": solution(eligible=open_to_offers),
            "offer_refund": solution(eligible=open_to_offers and one.kind != "RRAOC"),
        }
    )


def offer(ctx: Context, params: Params) -> Reply:
    """Let the seller propose a solution and an amount."""
    one = find(ctx, params, ApiError("error_data"))
    solution = params.choice("proposed_solution", SOLUTIONS)
    _check_negotiable(one)
    if one.negotiation != "PENDING_RESPOND":
        raise ApiError("error_negotiation_status")
    if solution == "REFUND" and one.kind == "RRAOC":
        raise ApiError("rraoc_refund_not_allowed")
    return_machine.seller_offers(ctx.world, one, solution, _offered(one, params))
    ctx.applied(one.order.sn)
    return Reply({"return_sn": one.sn})


def _offered(one: Return, params: Params) -> int:
    amount = params.amount("proposed_adjusted_refund_amount")
    if amount is None:
        return one.amount
    minor = amount.scaleb(exponent(one.order.currency))
    least, most = _bounds(one)
    if minor != minor.to_integral_value():
        digits = EXPONENTS.get(one.order.currency, 2)
        raise wrong(f"proposed_adjusted_refund_amount must have at most {digits} decimals.")
    if not Decimal(least) <= minor <= Decimal(most):
        raise wrong("proposed_adjusted_refund_amount must be within min_refund_amount and max_refund_amount.")
    return int(minor)


def accept_offer(ctx: Context, params: Params) -> Reply:
    """Let the seller take the buyer's latest offer."""
    one = find(ctx, params, ApiError("error_data"))
    _check_negotiable(one)
    if one.negotiation == "TERMINATED":
        raise ApiError("error_negotiation_status")
    if one.latest_creator == "seller":
        raise ApiError("err_data")
    if one.latest_creator != "buyer":
        raise ApiError("error_no_buyer_offer")
    return_machine.take_offer(ctx.world, one)
    ctx.applied(one.order.sn)
    return Reply({"return_sn": one.sn})


def get_reverse_tracking_info(ctx: Context, params: Params) -> Reply:
    """Tell the goods' way back."""
    one = find(ctx, params, ApiError("returns.return_not_found"))
    events = [
        {"update_time": at, "tracking_description": words, "epop_image_list": [], "epod_image_list": []}
        for at, words in reversed(one.reverse_history)
    ]
    return Reply(
        {
            "return_sn": one.sn,
            "return_refund_request_type": one.request_type,
            "validation_type": one.validation,
            "reverse_logistics_status": one.reverse_status,
            "reverse_logistics_update_time": one.reverse_history[-1][0] if one.reverse_history else 0,
            "estimated_delivery_date_max": "",
            "estimated_delivery_date_min": "",
            "tracking_number": one.tracking_number,
            "tracking_info": events,
        }
    )


def get_shipping_carrier(ctx: Context, params: Params) -> Reply:
    """List the carriers for a pickup the seller arranges (TW and BR only)."""
    one = find(ctx, params, UNKNOWN)
    _check_seller_pickup(one)
    rows = [{"reverse_logistics_carrier_id": key, "carrier_name": name} for key, name in CARRIERS.items()]
    return Reply({"carrier_list": rows})


def _check_seller_pickup(one: Return) -> None:
    if one.order.region not in SELLER_PICKUP_REGIONS:
        raise ApiError("error_permission", "The seller arranges the pickup only in TW and BR.")


def upload_shipping_proof(ctx: Context, params: Params) -> Reply:
    """Take the proof that the seller fetched the goods (TW and BR only)."""
    one = find(ctx, params, UNKNOWN)
    _check_seller_pickup(one)
    if params.number("reverse_logistics_carrier_id") not in CARRIERS:
        raise wrong("reverse_logistics_carrier_id is invalid.")
    tracking_number = params.text("tracking_number")
    images = params.values.get("image_id_list")
    if not isinstance(images, list) or not images:
        raise required("image_id_list")
    if not all(str(image) in ctx.world.files for image in images):
        raise wrong("image_id_list names an unknown image.")
    if not one.needs_goods_back or one.status not in {"REQUESTED", "PROCESSING"}:
        raise ApiError("error_return_status")
    return_machine.fetched_by_seller(ctx.world, one, tracking_number)
    ctx.applied(one.order.sn)
    return Reply({})


CALLS = {
    "returns/get_return_list": Call("GET", "shop", get_return_list),
    "returns/get_return_detail": Call("GET", "shop", get_return_detail),
    "returns/confirm": Call("POST", "shop", confirm),
    "returns/get_available_solutions": Call("GET", "shop", get_available_solutions),
    "returns/offer": Call("POST", "shop", offer),
    "returns/accept_offer": Call("POST", "shop", accept_offer),
    "returns/get_reverse_tracking_info": Call("GET", "shop", get_reverse_tracking_info),
    "returns/get_shipping_carrier": Call("GET", "shop", get_shipping_carrier),
    "returns/upload_shipping_proof": Call("POST", "shop", upload_shipping_proof),
}
