"""1688's error codes and texts, and the envelopes in which they come (API.md section 4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

GATEWAY_TEXTS: dict[str, str] = {
    "gw.AppKeyNotFound": "AppKey is not found",
    "gw.SignatureInvalid": "Invalid signature",
    "gw.SignatureMissing": "Signature is missing",
    "gw.TimestampInvalid": "Invalid timestamp",
    "gw.APIUnsupported": "API is unsupported",
    "gw.APIACLDecline": "AppKey is not allowed(acl)",
    "gw.ParamMissing": "Required parameter is missing",
    "gw.QosAppFrequencyLimit": "App call exceeds limited frequency",
    "401": "Request need user authorized",
    "400": "Bad request",
    "403": "Forbidden",
}
TEXTS: dict[str, str] = {
    "ORDER_STATUS_ERROR": "订单状态错误",
    "400_3": "没有权限取消该订单",
    "ORDER_NOT_EXIST": "订单不存在",
    "CLOSE_ORDER_TOO_FAST": "订单创建后需等待十秒才能关闭",
    "500_2": "订单尚未发货，暂无物流详情，请稍候再试。",
    "404": "物流单不存在",
    "order.nopermission.buyer": "不是该订单的买家",
    "order.nopermission.seller": "不是该订单的卖家",
    "order.createtime.history": "订单创建时间超过一年，无法查询物流轨迹",
    "INVALID_PARAM": "运单号使用次数过多",
    "APPLY_TIME_ERROR": "申请时间不能早于730天",
}


class Envelope(StrEnum):
    """Which of the six business envelopes an API fails in (API.md section 4.2)."""

    FLAT = "E1"
    RESULT = "E2"
    RESULT_INFO = "E3"
    QUERY = "E4"
    QUERY_LIST = "E4 with errorMsg and success"
    CREATE = "E5"
    PAY = "E6"


class GatewayError(Exception):
    """The gateway refuses the call before any API sees it."""

    def __init__(self, code: str, text: str | None = None, status: int | None = None) -> None:
        self.code = code
        self.text = text if text is not None else GATEWAY_TEXTS.get(code, code)
        self.status = status if status is not None else (401 if code == "401" else 400)
        super().__init__(self.code, self.text)

    def body(self, request_id: str) -> dict[str, Any]:
        """Render the answer."""
        return {
            "error_code": self.code,
            "error_message": self.text,
            "exception": self.text,
            "request_id": request_id,
        }


class ApiError(Exception):
    """An API refuses for a reason of its own; HTTP stays 200."""

    def __init__(self, code: str, text: str | None = None, extra: str = "") -> None:
        self.code = code
        self.text = text if text is not None else TEXTS.get(code, code)
        self.extra = extra
        super().__init__(self.code, self.text)

    def body(self, envelope: Envelope) -> dict[str, Any]:
        """Render the answer in the envelope of the API that refuses."""
        extra = {"extErrorMessage": self.extra} if self.extra else {}
        nested, code_name, text_name, flagged = _SHAPES[envelope]
        told: dict[str, Any] = {"success": False} if flagged else {}
        told |= {code_name: self.code, text_name: self.text}
        return {"result": told} if nested else {**told, **extra}


_SHAPES: dict[Envelope, tuple[bool, str, str, bool]] = {
    Envelope.FLAT: (False, "errorCode", "errorMessage", True),
    Envelope.RESULT: (True, "code", "message", True),
    Envelope.RESULT_INFO: (True, "errorCode", "errorInfo", True),
    Envelope.QUERY: (False, "errorCode", "errorMessage", False),
    Envelope.QUERY_LIST: (False, "errorCode", "errorMsg", True),
    Envelope.CREATE: (False, "code", "message", True),
    Envelope.PAY: (False, "errorCode", "erroMsg", True),
}
"""Of each envelope: inside `result` or not, the names of code and text, whether there is a success flag."""


def missing(name: str) -> GatewayError:
    """Refuse a call without a required business parameter."""
    return GatewayError("gw.ParamMissing", f"Required parameter is missing: {name}")


def bad(text: str) -> GatewayError:
    """Refuse a parameter that cannot be read."""
    return GatewayError("400", text)
