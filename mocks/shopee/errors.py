"""Shopee's error codes and texts, and the answer each becomes."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    "error_sign": "Wrong sign.",
    "error_auth": "Invalid access_token.",
    "invalid_acceess_token": "Invalid access_token, please have a check.",
    "invalid_access_token": "Invalid access_token, please have a check.",
    "invalid_partner_id": "Invalid partner_id, please have a check.",
    "partner_shop_no_link": "Invalid partner_id or shop_id, please have a check.",
    "shop_no_linked": "Partner and shop has no linked.",
    "shop_banned": "The shop account has been banned. Please contact Shopee customer service.",
    "error_kyc_auth": "The seller registration is incomplete.",
    "error_partner_key_expired": "The partner key has expired. Please reset it in the console.",
    "error_api_permission": "The app has no permission to call this API.",
    "error_ashop_api_permission": "This shop type has no permission to call this API.",
    "error_api_call_restricted": "Calls of this API are restricted for the app.",
    "error_rate_limit": "Too many requests. You have reached the rate limit. Please try again later.",
    "error_limit": "The daily call total of the app is reached. Please try again after 00:00 UTC+8.",
    "api_suspended": "This API version is suspended. Please use v2.",
    "error_not_found": "Wrong parameters, detail: the order is not found.",
    "error_permission": "No permission.",
    "error_server": "System error. Please try again later.",
    "error_network": "Network error. Please try again later.",
    "error_data": "The return you queried doesn't exist",
    "error_shop": "shopid is invalid",
    "invalid_code": "Invalid code",
    "invalid_shop_id": "Invalid shop_id",
    "invalid_main_acount_id": "Invalid main_account_id",
    "refresh_token_expired": "The refresh_token has expired.",
    "error_shop_refresh_token": "The refresh_token does not belong to this shop.",
    "error_merchant_refresh_token": "The refresh_token does not belong to this merchant.",
    "shop_access_expired": "The authorization of the shop has expired.",
    "merchant_no_linked": "Partner and merchant has no linked.",
    "merchant_access_expired": "The authorization of the merchant has expired.",
    "order.order_list_invalid_time": "Start time must be earlier than end time and diff in 15days.",
    "order.error_limit": "Can not cancel this order",
    "order.error_param": "You can not cancel warehouse order.",
    "order.error_permission": "Please link shop and partner on seller center first.",
    "order.cancel_order_invalid_status": "Invalid order_status.The order status should be IN_CANCEL.",
    "order.order_status_invalid": "Invalid order_status.The order status should be IN_CANCEL.",
    "logistics.cancel_forder_failed": "Cancel logistics order failed.",
    "logistics.error_param": "The order status is not ready to ship.",
    "logistics.error_order_state": "The order state does not allow this.",
    "error_status": "The order has been cancelled.",
    "error_return_status": "The return status cannot support this action",
    "error_negotiation_status": "The negotiation status cannot support this action",
    "error_no_buyer_offer": "There is no offer from the buyer to accept.",
    "error_ongoing_dispute": "There is an ongoing dispute.",
    "err_data": "Cannot accept your own offer.",
    "error_validation": "The return is validated by the warehouse.",
    "error_return_request_type": "The return request type cannot support this action.",
    "rraoc_refund_not_allowed": "Refund without return is not allowed after the order is completed.",
    "returnsn.illegal": "Return status does not allow initiating a dispute case（From dispute side）",
    "dispute.request.param.error": "The return_sn you requested was not queried, please check it",
    "dispute.cancel.ineligible": ("Cannot cancel dispute when compensation status is not in COMPENSATION_REQUESTED"),
    "returns.dispute_is_dry_run": "The dispute passed the checks but was not submitted (dry run).",
    "returns.return_not_found": "Return not found",
    "proof.overdue": "The evidence deadline has passed.",
    "no.proof": "There is no proof.",
    "number.error": "The number of files is not allowed.",
    "format.unsupport": "Not Support Url",
    "image.upload.fail": "The image could not be uploaded.",
    "SERVER_ERROR": "invalid metrics id",
}
"""The usual text of every code the simulator uses; where API.md prints none the words are ours."""

_FORBIDDEN = {
    "error_auth",
    "error_sign",
    "invalid_acceess_token",
    "invalid_access_token",
    "invalid_partner_id",
    "partner_shop_no_link",
    "shop_no_linked",
    "shop_banned",
    "error_kyc_auth",
    "error_partner_key_expired",
    "error_api_permission",
    "error_ashop_api_permission",
    "error_api_call_restricted",
    "source_ip_undeclared",
    "api_suspended",
}
_LIMITED = {"error_rate_limit", "error_limit"}


class ApiError(Exception):
    """A refusal in Shopee's own words. `gateway` marks those of the common parameter checks."""

    def __init__(self, code: str, text: str | None = None, *, gateway: bool = False) -> None:
        self.code = code
        self.text = text if text is not None else TEXTS.get(code, code)
        self.gateway = gateway
        super().__init__(f"{code}: {self.text}")

    @property
    def status(self) -> int:
        """The HTTP status in the style that separates gateway errors (4xx) from business errors (200)."""
        if self.code in _LIMITED:
            return 429
        if self.code in _FORBIDDEN:
            return 403
        return 400 if self.gateway else 200


def wrong(detail: str) -> ApiError:
    """Make the refusal of a business parameter."""
    return ApiError("error_param", f"Wrong parameters, detail: {detail}")


def required(name: str) -> ApiError:
    """Make the refusal of a missing business parameter."""
    return wrong(f"{name} is a required field.")


def order_not_found() -> ApiError:
    """Make the refusal of an unknown or foreign order."""
    return ApiError("error_not_found")
