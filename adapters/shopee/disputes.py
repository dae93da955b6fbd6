"""Objecting to a return: the reasons the platform takes, and the call (API.md section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.shopee import words
from adapters.shopee.client import read, write
from adapters.shopee.parameters import CANCELLATION, needed, return_sn, whole
from adapters.shopee.payloads import content_of, rows_of, text_of
from gateway.errors import InvalidRequest
from gateway.ports import Act, Asked, Call, Channel, RejectReason
from gateway.transport.json import decode

_REASONS = "returns.get_return_dispute_reason"
_EVIDENCE = "evidence:"


async def reject_reasons(channel: Channel, request_id: str) -> Sequence[RejectReason]:
    """Return the reasons to object to a return now; none for a cancellation, whose rejection carries no reason."""
    if request_id.startswith(CANCELLATION):
        return ()
    return [_reason(row) for row in await _reasons(channel, request_id)]


async def open_dispute(channel: Channel, act: Act) -> Call:
    """Return the call that objects to a return, or claims compensation after the refund."""
    body = {
        "return_sn": return_sn(act),
        "email": needed(act, "email"),
        "dispute_reason_id": whole(act.reason or needed(act, "dispute_reason_id")),
        "dispute_text_reason": act.parameters.get("dispute_text_reason", ""),
    }
    given = {name: links.split() for name, links in act.parameters.items() if name.startswith(_EVIDENCE)}
    if given:
        return write("returns.dispute", {**body, "image_list": await _evidence(channel, act, given)})
    images = decode(act.parameters.get("image_list", "[]").encode())
    if not isinstance(images, list):
        raise InvalidRequest("`image_list` must be a JSON list of {module_index, requirement, image_url}.")
    return write("returns.dispute", {**body, "image_list": images})


async def _reasons(channel: Channel, request_id: str) -> list[dict[str, Any]]:
    content = content_of(await channel.send(read(_REASONS, return_sn=request_id)), _REASONS)
    return [row for row in rows_of(content, "dispute_reason_list", _REASONS) if isinstance(row, dict)]


def _modules(row: dict[str, Any]) -> list[dict[str, Any]]:
    modules = row.get("evidence_module_list")
    return [module for module in modules if isinstance(module, dict)] if isinstance(modules, list) else []


def _reason(row: dict[str, Any]) -> RejectReason:
    number = text_of(row, "dispute_reason")
    title = words.DISPUTE_REASONS.get(number) or text_of(row, "dispute_requirement") or f"reason {number}"
    evidence = [
        Asked(
            f"{_EVIDENCE}{text_of(module, 'module_index')}",
            f"links to pictures: {text_of(module, 'requirement')}",
            required=module.get("is_required") is True,
        )
        for module in _modules(row)
    ]
    email = Asked("email", "where the platform writes about the dispute", required=True)
    return RejectReason(number, title, (email, *evidence, Asked("text", "what happened", required=False)))


async def _evidence(channel: Channel, act: Act, given: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Put links under what the platform asks for, in its own words, which the call wants repeated."""
    reason = act.reason or act.parameters.get("dispute_reason_id", "")
    for row in await _reasons(channel, return_sn(act)):
        if text_of(row, "dispute_reason") == reason:
            asked = {f"{_EVIDENCE}{text_of(module, 'module_index')}": module for module in _modules(row)}
            break
    else:
        raise InvalidRequest(f"Shopee does not take reason {reason} for return {act.request_id} now.")
    if unasked := sorted(set(given) - set(asked)):
        raise InvalidRequest(f"Reason {reason} does not ask for {', '.join(unasked)}; it asks for {', '.join(asked)}.")
    return [
        {
            "module_index": whole(text_of(asked[name], "module_index")),
            "requirement": text_of(asked[name], "requirement"),
            "image_url": links,
        }
        for name, links in given.items()
    ]
