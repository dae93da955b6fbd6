"""Personal data: decrypting, masking and indexing in batches (API.md section 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.errors import wrong
from mocks.xiaohongshu.sealed import ADDRESS, ID_PHOTO, Sealed, masked

if TYPE_CHECKING:
    from mocks.xiaohongshu.params import Params

MAX_ROWS = 100
ACTIONS = {"1", "2", "3", "4"}


def _rows(params: Params) -> list[Params]:
    rows = params.rows("baseInfos")
    if len(rows) > MAX_ROWS:
        raise wrong(f"baseInfos不能超过{MAX_ROWS}条")
    if params.text("actionType") not in ACTIONS:
        raise wrong("actionType不合法")
    params.text("appUserId")
    return rows


def _opened(ctx: Context, tag: str, text: str) -> Sealed | None:
    """Open a ciphertext that belongs to the named order (or the order of the named after-sale) of this shop."""
    one = ctx.world.after_sales.get(tag)
    order = one.order if one is not None else ctx.world.orders.get(tag)
    if order is None or order.seller_id != ctx.shop.seller_id:
        return None
    return ctx.world.vault.open(text, order.order_id)


def _refusal(ctx: Context, name: str) -> dict[str, Any]:
    row = ctx.world.app.errors[name]
    return {"errorCode": row.code, "errorMsg": row.text}


_FINE = {"errorCode": 0, "errorMsg": ""}


def _decrypt(ctx: Context, params: Params) -> dict[str, Any]:
    answers = []
    for row in _rows(params):
        tag, text = row.text("dataTag"), row.text("encryptedData")
        plain, verdict = _plain(ctx, tag, text)
        answers.append(
            {
                "dataTag": tag,
                "encryptedData": text,
                "decryptedData": plain.plain if plain is not None else "",
                **verdict,
                "virtualNumber": "",
                "virtualNumberFlag": False,
                "virtualPhoneNumber": "",
                "virtualExtendNumber": "",
                "expireAt": 0,
            }
        )
    return {"dataInfoList": answers}


def _plain(ctx: Context, tag: str, text: str) -> tuple[Sealed | None, dict[str, Any]]:
    app = ctx.world.app
    if app.decrypt_down:
        return None, _refusal(ctx, "decrypt_service")
    found = _opened(ctx, tag, text)
    if found is None:
        return None, _refusal(ctx, "cipher")
    if app.decrypt_quota is not None:
        if app.decrypt_quota == 0:
            return None, _refusal(ctx, "decrypt_quota")
        app.decrypt_quota -= 1
    return found, _FINE


def _mask(ctx: Context, params: Params) -> dict[str, Any]:
    answers = []
    for row in _rows(params):
        tag, text = row.text("dataTag"), row.text("encryptedData")
        found = _opened(ctx, tag, text)
        answers.append(
            {
                "dataTag": tag,
                "encryptedData": text,
                "desensitisedData": masked(found.kind, found.plain) if found is not None else "",
                **(_FINE if found is not None else _refusal(ctx, "cipher")),
            }
        )
    return {"desensitiseInfoList": answers}


def _index(ctx: Context, params: Params) -> dict[str, Any]:
    rows = params.rows("indexBaseInfoList")
    if len(rows) > MAX_ROWS:
        raise wrong(f"indexBaseInfoList不能超过{MAX_ROWS}条")
    vault = ctx.world.vault
    return {
        "indexInfoList": [
            {
                "plainText": row.text("plainText"),
                "searchIndex": vault.index(row.text("plainText"), row.within("type", ADDRESS, ID_PHOTO)),
            }
            for row in rows
        ]
    }


CALLS = {
    "data.batchDecrypt": Call(_decrypt),
    "data.batchDesensitise": Call(_mask),
    "data.batchIndex": Call(_index),
}
