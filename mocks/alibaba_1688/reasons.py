"""The refund reasons the platform offers, by where the goods are (API.md 7.1; 20021 and 20028 are from samples)."""

from __future__ import annotations

from mocks.alibaba_1688.model import Reason

GOODS_STATES: dict[str, int] = {
    "refundWaitSellerSend": 1,
    "refundWaitBuyerReceive": 1,
    "refundBuyerReceived": 2,
    "aftersaleBuyerNotReceived": 1,
    "aftersaleBuyerReceived": 2,
}
"""`goodsStatus` of an application -> `goodsStatus` of the refund (1 not received, 2 received)."""

_UNSENT = (
    Reason(20028, "不想买了，已与卖家协商一致"),
    Reason(20004, "不想买了/等不及/拍错"),
    Reason(20005, "卖家缺货"),
    Reason(20006, "未按约定时间发货"),
)
_UNRECEIVED = (
    Reason(20007, "未收到货"),
    Reason(20008, "物流一直未更新", tip="请先联系物流公司"),
    Reason(20028, "不想买了，已与卖家协商一致"),
)
_RECEIVED = (
    Reason(20021, "颜色/图案/款式不符"),
    Reason(20022, "质量问题", need_voucher=True, tip="请上传货品照片"),
    Reason(20023, "少货/漏发"),
    Reason(20024, "货品破损", need_voucher=True),
    Reason(20028, "不想买了，已与卖家协商一致", no_carriage=True),
    Reason(20029, "七天无理由退货", no_carriage=True),
)


def reasons_for(goods_status: str, kind: str = "refund") -> tuple[Reason, ...]:
    """Give the reasons for an application; the seven-day one only with the goods coming back."""
    if goods_status == "refundWaitSellerSend":
        return _UNSENT
    if GOODS_STATES[goods_status] == 1:
        return _UNRECEIVED
    return tuple(one for one in _RECEIVED if kind == "returnRefund" or one.reason_id != 20029)
