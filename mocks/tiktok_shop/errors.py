"""TikTok Shop's error codes and texts, and the HTTP status each comes with (API.md sections 1, 4 to 8)."""

from __future__ import annotations

TEXTS: dict[int, str] = {
    101000: "The access token does not match the shop or the user type.",
    105001: "Invalid credentials. The access token is invalid.",
    105002: "Expired credentials",
    105005: "Access denied. The access scope of this API has not been granted by the seller.",
    106001: "Invalid credentials. The 'sign' query parameter is invalid.",
    106013: "Invalid shop_cipher. The 'shop_cipher' query parameter is missing or wrong.",
    36009002: "Too many requests",
    36009003: "Internal error. Please try again later.",
    36009004: "Invalid parameter",
    36009009: "Invalid path",
    36009033: "The IP address is not on the allow list of the app.",
    36009043: "The shop is inactive.",
    36009044: "The seller is inactive.",
    10002014: "System error, please try again.",
    10002015: "System error, please try again.",
    10006402: "System error, please try again.",
    10037002: "System error, please try again.",
    10037003: "System error, please try again.",
    10037004: "System error, please try again.",
    11050001: "Invalid parameter",
    21001001: "Invalid parameter",
    21008111: "The order does not belong to this shop.",
    21011001: "Package not found",
    21011006: "Package has already been shipped",
    21011007: "Package item has after-sale request",
    25001001: "Invalid parameter",
    25001003: "Invalid order status",
    25001010: "An after-sales request exists already",
    25001011: "The order is being cancelled or is cancelled",
    25001014: "Invalid reason",
    25001015: "The reason is not allowed for the seller",
    25001020: "The reason is offline",
    25001021: "Reason not match order status",
    25001028: "Reverse lock failed. Please try again.",
    25001045: "The order has been shipped and can not be cancelled",
    25001046: "Blocked by risk control",
    25001051: "The order is completed or cancelled",
    25005005: "The refund amount exceeds what can be refunded",
    25005010: "Can not cancel line items",
    25005011: "The number of line items exceeds the limit",
    25007006: "The after-sales request is not found",
    25011011: "The status does not allow rejection",
    25011012: "The status does not allow approval",
    25011013: "The status does not allow approval of the received package",
    25011025: "Quick refund is active; the request can not be rejected",
    25020004: "The decision does not match the type of the request",
    25020005: "No permission",
    25020008: "Internal error. Please try again later.",
    25020010: "The request has been approved already",
    45101004: "The daily quota of messages is used up",
    45101006: "The message contains sensitive content",
    45102007: "No permission for the conversation",
}
"""The usual text of every code; where API.md prints none the words are ours."""

_UNAUTHORISED = {101000, 105001, 105002, 105005, 106001, 106013, 36009033, 36009043, 36009044}


class ApiError(Exception):
    """A refusal; becomes the failure envelope."""

    def __init__(
        self, code: int | str, text: str | None = None, *, status: int | None = None, retry_after: int | None = None
    ) -> None:
        self.code = code
        self.text = text if text is not None else TEXTS.get(code if isinstance(code, int) else 0, str(code))
        self.retry_after = retry_after
        usual = 401 if code in _UNAUTHORISED else 429 if code == 36009002 else 200
        self.status = usual if status is None else status
        super().__init__(f"{code}: {self.text}")
