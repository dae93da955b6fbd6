"""The platform's error codes and texts, as a table that the control API may change.

API.md section 11 knows few codes: those of a wrong sign, an expired token, a missing permission or an illegal state
are not published. For them the table holds codes of our own; clients have to read a configurable list and the text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of refusal: its code and the text the platform prints."""

    code: int
    text: str


PARAMETERS = "parameters"

USUAL: dict[str, Row] = {
    "unknown_app": Row(401, "应用不存在"),
    "rate_method": Row(-9013, "触发Method维度的限流"),
    "rate_app": Row(-9013, "触发App维度的限流"),
    PARAMETERS: Row(-2000400, "请求参数错误"),
    "decrypt_quota": Row(-2000701, "解密额度已用完"),
    "decrypt_service": Row(-2000702, "解密额度服务异常"),
    "seller": Row(-1010001, "获取商家信息出错"),
    # from here on the codes are ours: the platform publishes none
    "sign": Row(-9001, "签名错误，sign校验失败"),
    "timestamp": Row(-9002, "timestamp超出允许范围"),
    "token_missing": Row(-9003, "缺少accessToken"),
    "token_invalid": Row(-9004, "accessToken无效"),
    "token_expired": Row(-9005, "accessToken已过期"),
    "refresh_expired": Row(-9006, "refreshToken已过期，请重新授权"),
    "refresh_invalid": Row(-9007, "refreshToken无效"),
    "code_invalid": Row(-9008, "授权code无效或已过期"),
    "revoked": Row(-9009, "店铺已取消授权，没有权限"),
    "no_method": Row(-9010, "method不存在或已下线"),
    "no_permission": Row(-9011, "应用没有该接口的权限"),
    "unknown_order": Row(-2000404, "订单不存在"),
    "order_state": Row(-2000409, "订单状态不允许该操作"),
    "unknown_after_sale": Row(-2100404, "售后单不存在"),
    "after_sale_state": Row(-2100409, "售后单状态不允许该操作"),
    "after_sale_action": Row(-2100410, "售后类型不支持该操作"),
    "reject_reason": Row(-2100411, "拒绝原因不合法"),
    "unknown_sku": Row(-2200404, "SKU不存在"),
    "cipher": Row(-2000703, "密文不合法或与dataTag不匹配"),
}


class ApiError(Exception):
    """A refusal by its name in the table; `detail` is added to the text, `code` stands for a code not in the table."""

    def __init__(self, name: str, detail: str = "") -> None:
        self.name = name
        self.detail = detail
        super().__init__(f"{name}: {detail}" if detail else name)


def wrong(detail: str) -> ApiError:
    """Make the refusal of a parameter."""
    return ApiError(PARAMETERS, detail)


def required(name: str) -> ApiError:
    """Make the refusal of a missing parameter."""
    return wrong(f"{name}不能为空")
