"""Common calls: carriers, the seller's addresses, the check of words (API.md section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.carriers import ADDRESSES, CARRIERS

if TYPE_CHECKING:
    from mocks.xiaohongshu.params import Params

FORBIDDEN = ("防脱发", "防脱")


def _carriers(_ctx: Context, _params: Params) -> dict[str, Any]:
    rows = [
        {"expressCompanyId": number, "expressCompanyCode": code, "expressCompanyName": name, "comment": ""}
        for code, (number, name) in CARRIERS.items()
    ]
    return {"expressCompanyInfos": rows}


def _addresses(ctx: Context, params: Params) -> dict[str, Any]:
    page, size = params.within("pageIndex", 1, 10_000), params.within("pageSize", 1, 100)
    rows = [ADDRESSES[number] for number in ctx.shop.address_ids]
    return {"sellerAddressRecordList": rows[(page - 1) * size : page * size], "total": len(rows)}


def _words(_ctx: Context, params: Params) -> dict[str, Any]:
    text = params.text("text")
    return {"forbiddenKeywords": [word for word in FORBIDDEN if word in text]}


CALLS = {
    "common.getExpressCompanyList": Call(_carriers),
    "common.getAddressRecord": Call(_addresses),
    "common.checkForbiddenKeyword": Call(_words, success=200),
}
