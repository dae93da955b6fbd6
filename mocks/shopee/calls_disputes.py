"""Disputes and evidence of the module `returns` (API.md section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.shopee import return_machine
from mocks.shopee.calling import Call, Reply, Upload
from mocks.shopee.calls_returns import UNKNOWN, find
from mocks.shopee.errors import ApiError, required

if TYPE_CHECKING:
    from mocks.shopee.calling import Context
    from mocks.shopee.model import Return
    from mocks.shopee.params import Params

MAX_IMAGE = 10 * 2**20
MAX_PHOTOS = 9
DISPUTABLE = {"REQUESTED", "PROCESSING", "ACCEPTED"}
IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
"""How JPEG and PNG files begin."""

PARCEL_PROOF = "Photo(s) or video of the packed parcel with its consignment note."
OPENING_PROOF = "Photo(s) or video of opening the returned parcel with its consignment note."
GOODS_PROOF = "Photo(s) or video of all returned item(s)."
CHAT_PROOF = "Screenshot(s) of the talk with the buyer."
REASONS: dict[int, tuple[str, ...]] = {
    41: (PARCEL_PROOF,),
    42: (PARCEL_PROOF,),
    43: (PARCEL_PROOF,),
    44: (CHAT_PROOF,),
    46: (CHAT_PROOF,),
    47: (OPENING_PROOF, GOODS_PROOF),
    48: (OPENING_PROOF, GOODS_PROOF),
    49: (OPENING_PROOF, GOODS_PROOF),
    50: (OPENING_PROOF, GOODS_PROOF),
    53: (PARCEL_PROOF,),
    54: (CHAT_PROOF,),
    56: (OPENING_PROOF, GOODS_PROOF),
}
"""The dispute reasons, each with its evidence: the first is required, a second is welcome."""
SECOND_STAGE = dict.fromkeys(range(81, 90), REASONS[47])
"""Their copies for a claim after the refund."""


def reasons(one: Return) -> dict[int, tuple[str, ...]]:
    """Give the dispute reasons open to the seller now, each with the evidence it asks for."""
    return REASONS | SECOND_STAGE if one.status == "ACCEPTED" else REASONS


def get_return_dispute_reason(ctx: Context, params: Params) -> Reply:
    """List the reasons the seller may object with, and what each must prove."""
    one = find(ctx, params, ApiError("dispute.request.param.error"))
    if one.status not in DISPUTABLE:
        raise ApiError("returnsn.illegal")
    rows = [
        {
            "dispute_reason": number,
            "dispute_requirement": "Please send evidence for the platform to consider.",
            "sample_evidence": [],
            "evidence_module_list": [
                {"module_index": index, "requirement": text, "is_required": index == 1}
                for index, text in enumerate(proofs, start=1)
            ],
        }
        for number, proofs in reasons(one).items()
    ]
    return Reply({"dispute_reason_list": rows})


def dispute(ctx: Context, params: Params) -> Reply:
    """Let the seller object to the buyer's request, or claim compensation after the refund."""
    one = find(ctx, params, UNKNOWN)
    email = params.text("email")
    reason = params.number("dispute_reason_id")
    text = params.optional_text("dispute_text_reason")
    modules = {row.number("module_index"): row.values.get("image_url") for row in params.rows("image_list")}
    if one.status not in DISPUTABLE or one.compensation == "COMPENSATION_REQUESTED":
        raise ApiError("returnsn.illegal")
    needed = reasons(one).get(reason)
    if needed is None:
        raise ApiError("dispute.request.param.error", "The dispute_reason_id is not open to this return.")
    if "@" not in email:
        raise ApiError("dispute.request.param.error", "The email is invalid.")
    if not modules.get(1):
        raise ApiError("dispute.request.param.error", "The evidence of module_index 1 is required.")
    urls = [url for given in modules.values() for url in (given if isinstance(given, list) else [given])]
    if not all(isinstance(url, str) and url.startswith(("https://", "http://")) for url in urls):
        raise ApiError("format.unsupport")
    return_machine.dispute(ctx.world, one, reason, text, [str(url) for url in urls])
    ctx.applied(one.order.sn)
    return Reply({"return_sn": one.sn, "msg": "dispute return success"})


def cancel_dispute(ctx: Context, params: Params) -> Reply:
    """Let the seller drop a claim for compensation."""
    one = find(ctx, params, UNKNOWN)
    params.text("email")
    if one.status != "ACCEPTED" or one.compensation != "COMPENSATION_REQUESTED":
        raise ApiError("dispute.cancel.ineligible")
    return_machine.cancel_dispute(ctx.world, one)
    ctx.applied(one.order.sn)
    return Reply({"return_sn": one.sn, "message": "SUCCESS"})


def keep_image(ctx: Context, upload: Upload) -> str:
    """Keep an uploaded image and give its id; refuses what is no JPEG or PNG, or more than 10 MB."""
    if not upload.content.startswith(IMAGE_STARTS):
        raise ApiError("format.unsupport", "Only jpg, jpeg and png are supported.")
    if len(upload.content) > MAX_IMAGE:
        raise ApiError("image.upload.fail", "The image is larger than 10 MB.")
    kind = "image/png" if upload.content.startswith(IMAGE_STARTS[1]) else "image/jpeg"
    image_id = f"{ctx.world.rng.getrandbits(128):032x}"
    ctx.world.files[image_id] = (upload.content, kind)
    return image_id


def image_url(ctx: Context, image_id: str) -> str:
    """Tell where a kept image can be fetched."""
    return f"{ctx.base_url}/file/{image_id}"


def _ours(ctx: Context, url: object) -> bool:
    prefix = f"{ctx.base_url}/file/"
    return isinstance(url, str) and url.startswith(prefix) and url.removeprefix(prefix) in ctx.world.files


def convert_image(ctx: Context, params: Params) -> Reply:
    """Turn one uploaded image into a URL that evidence may name."""
    find(ctx, params, UNKNOWN)
    images = [upload for upload in ctx.uploads if upload.field_name == "upload_image"]
    if not images:
        raise required("upload_image")
    if len(images) > 1:
        raise ApiError("number.error")
    url = image_url(ctx, keep_image(ctx, images[0]))
    return Reply({"url": url, "thumbnail": url})


def upload_proof(ctx: Context, params: Params) -> Reply:
    """Take the seller's evidence, while the deadline runs."""
    one = find(ctx, params, UNKNOWN)
    photos = params.rows("photo")
    text = params.optional_text("description")
    if one.proof == "OVERDUE" or (one.proof_deadline is not None and one.proof_deadline < ctx.world.now()):
        raise ApiError("proof.overdue")
    if one.proof == "NOT_NEEDED" or not one.open:
        raise ApiError("error_return_status")
    if not photos:
        raise ApiError("no.proof")
    if len(photos) + len(one.proof_photos) > MAX_PHOTOS:
        raise ApiError("number.error")
    if not all(_ours(ctx, photo.values.get("url")) for photo in photos):
        raise ApiError("format.unsupport")
    return_machine.upload_proof(ctx.world, one, [dict(photo.values) for photo in photos], text)
    ctx.applied(one.order.sn)
    return Reply({}, message="success")


def query_proof(ctx: Context, params: Params) -> Reply:
    """Show the evidence handed in so far."""
    one = find(ctx, params, UNKNOWN)
    shown: dict[str, Any] = {"image": one.proof_photos, "video": [], "description": one.proof_text}
    return Reply(shown)


CALLS = {
    "returns/get_return_dispute_reason": Call("GET", "shop", get_return_dispute_reason),
    "returns/dispute": Call("POST", "shop", dispute),
    "returns/cancel_dispute": Call("POST", "shop", cancel_dispute),
    "returns/convert_image": Call("POST", "shop", convert_image),
    "returns/upload_proof": Call("POST", "shop", upload_proof),
    "returns/query_proof": Call("GET", "shop", query_proof),
}
