"""The reasons a seller may give when rejecting (API.md section 6.4)."""

from __future__ import annotations

from dataclasses import dataclass

REVIEW, RECEIPT = 1, 2


@dataclass(frozen=True, slots=True)
class RejectReason:
    """One reason: its id, its name; `other` asks for a description."""

    reason_id: int
    name: str

    @property
    def other(self) -> bool:
        """Say whether the seller must describe it."""
        return self.name == "其他"


REJECT_REASONS: dict[int, tuple[RejectReason, ...]] = {
    REVIEW: (
        RejectReason(201, "已与买家协商一致"),
        RejectReason(202, "商品无质量问题"),
        RejectReason(203, "已发货，包裹在途"),
        RejectReason(299, "其他"),
    ),
    RECEIPT: (
        RejectReason(301, "未收到退货"),
        RejectReason(302, "退回商品影响二次销售"),
        RejectReason(303, "退回商品数量不符"),
        RejectReason(399, "其他"),
    ),
}


def reject_reason(kind: int, reason_id: int) -> RejectReason | None:
    """Find a reason of one kind; None when the id is none of its."""
    return next((one for one in REJECT_REASONS[kind] if one.reason_id == reason_id), None)
