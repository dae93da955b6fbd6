"""Section 8, "Errors": the rows about disputes and evidence, provoked from outside.

=============================================  ===============================================================
row                                            provoked by
=============================================  ===============================================================
returnsn.illegal                               dispute of an ended return; a second dispute
dispute.request.param.error                    an email or a reason that is none; evidence missing
returns.dispute_is_dry_run                     switched
proof.overdue                                  evidence after its deadline
no.proof, number.error                         evidence without a picture, with too many
format.unsupport                               a text file as picture
image.upload.fail                              a picture above 10 MB
=============================================  ===============================================================

"Switched" is the fault `platform_error`; every row is answered by it once more, and nothing is applied.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Reply

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 32


async def bare_dispute(api: Api, return_sn: str) -> Reply:
    """A dispute without evidence, for returns the platform refuses before it looks at that."""
    body = {"return_sn": return_sn, "email": "seller@example.com", "dispute_reason_id": 42, "image_list": []}
    return await api.post("returns/dispute", body)


async def upload_proof(api: Api, return_sn: str, photos: int) -> Reply:
    photo = await api.picture(return_sn)
    return await api.post(
        "returns/upload_proof", {"return_sn": return_sn, "photo": [photo] * photos, "description": "as packed"}
    )


async def convert(api: Api, return_sn: str, content: bytes | BytesIO, name: str, kind: str) -> Reply:
    form = aiohttp.FormData()
    form.add_field("return_sn", return_sn)
    form.add_field("upload_image", content, filename=name, content_type=kind)
    return await api.post("returns/convert_image", data=form)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        ("returnsn.illegal", None, "dispute"),
        ("dispute.request.param.error", None, "dispute"),
        ("returns.dispute_is_dry_run", None, "dispute"),
        ("proof.overdue", None, "upload_proof"),
        ("no.proof", None, "upload_proof"),
        ("number.error", None, "upload_proof"),
        ("format.unsupport", None, "upload_proof"),
        ("image.upload.fail", None, "convert_image"),
    ],
)
async def test_row_switched(api: Api, error: str, message: str | None, call: str) -> None:
    _, return_sn = await api.returned()
    before = await api.return_detail(return_sn)
    await api.answers(error, operation=f"returns/{call}")
    calls = {
        "dispute": lambda: api.dispute(return_sn),
        "upload_proof": lambda: upload_proof(api, return_sn, 1),
        "convert_image": lambda: convert(api, return_sn, JPEG, "p.jpg", "image/jpeg"),
    }
    (await calls[call]()).refused(error, message)
    assert await api.return_detail(return_sn) == before
    assert await api.effects(f"returns/{call}") == []


# -- dispute --------------------------------------------------------------------------------------------------------


async def test_dispute_of_a_return_that_ended(api: Api) -> None:
    order_sn, return_sn = await api.returned()
    await api.act(order_sn, "buyer_withdraws_request")
    (await bare_dispute(api, return_sn)).refused("returnsn.illegal")
    assert await api.effects("returns/dispute") == []


async def test_dispute_twice(api: Api) -> None:
    _, return_sn = await api.disputed()
    (await bare_dispute(api, return_sn)).refused("returnsn.illegal")
    assert len(await api.effects("returns/dispute")) == 1


@pytest.mark.parametrize(
    "changed",
    [{"email": "nobody"}, {"dispute_reason_id": 999}, {"image_list": []}],
    ids=["email is none", "reason is none", "evidence missing"],
)
async def test_dispute_with_a_parameter_wrong(api: Api, changed: dict[str, Any]) -> None:
    _, return_sn = await api.returned()
    (await api.dispute(return_sn, **changed)).refused("dispute.request.param.error")
    assert await api.effects("returns/dispute") == []
    assert (await api.return_detail(return_sn))["status"] == "REQUESTED"


@pytest.mark.parametrize("missing", ["email", "dispute_reason_id"])
async def test_dispute_with_a_parameter_missing(api: Api, missing: str) -> None:
    _, return_sn = await api.returned()
    left_out: dict[str, Any] = {missing: None}
    (await api.dispute(return_sn, **left_out)).refused(
        "error_param", f"Wrong parameters, detail: {missing} is a required field."
    )
    assert await api.effects("returns/dispute") == []


async def test_dispute_that_is_a_dry_run(api: Api) -> None:
    """Passed, not submitted: only the platform's own switch brings this about."""
    _, return_sn = await api.returned()
    await api.answers("returns.dispute_is_dry_run", operation="returns/dispute")
    (await api.dispute(return_sn)).refused("returns.dispute_is_dry_run")
    assert (await api.return_detail(return_sn))["status"] == "REQUESTED"


async def test_cancel_dispute_outside_its_state(api: Api) -> None:
    """Only ACCEPTED + COMPENSATION_REQUESTED."""
    _, return_sn = await api.disputed()
    answer = await api.post("returns/cancel_dispute", {"return_sn": return_sn, "email": "seller@example.com"})
    assert answer.error != ""
    assert await api.effects("returns/cancel_dispute") == []


# -- evidence -------------------------------------------------------------------------------------------------------


async def test_evidence_of_nothing(api: Api) -> None:
    _, return_sn = await api.disputed()
    (await upload_proof(api, return_sn, 0)).refused("no.proof")
    assert await api.effects("returns/upload_proof") == []


async def test_evidence_of_too_many_pictures(api: Api) -> None:
    _, return_sn = await api.disputed()
    (await upload_proof(api, return_sn, 100)).refused("number.error")
    assert await api.effects("returns/upload_proof") == []


async def test_evidence_too_late(api: Api) -> None:
    _, return_sn = await api.disputed()
    proof = (await api.return_detail(return_sn))["seller_proof"]
    assert proof["seller_proof_status"] == "PENDING"
    wait = proof["seller_evidence_deadline"] - await api.now() + 1
    await api.advance(f"PT{wait}S")
    await api.store_act("expire_tokens")
    fresh = await api.renewed()
    answer = await api.post(
        "returns/upload_proof",
        {"return_sn": return_sn, "photo": [{"url": "https://example.com/p.jpg", "thumbnail": ""}]},
        fresh,
    )
    answer.refused("proof.overdue")
    detail = await api.return_detail(return_sn, fresh)
    assert detail["seller_proof"]["seller_proof_status"] == "OVERDUE"


async def test_picture_that_is_none(api: Api) -> None:
    _, return_sn = await api.returned()
    answer = await convert(api, return_sn, b"only words", "words.txt", "text/plain")
    answer.refused("format.unsupport")


async def test_picture_above_ten_megabytes(api: Api) -> None:
    _, return_sn = await api.returned()
    answer = await convert(api, return_sn, BytesIO(JPEG + b"\x00" * (10 * 1024 * 1024)), "big.jpg", "image/jpeg")
    answer.refused("image.upload.fail")
