"""Reading a call's parameters from query, form and multipart bodies."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from mocks.alibaba_1688.calling import Upload
from mocks.alibaba_1688.errors import bad

if TYPE_CHECKING:
    from aiohttp import web


async def read_call(request: web.Request) -> tuple[dict[str, str], list[Upload]]:
    """Give the parameters (files are none of them) and the files of a call."""
    params = dict(request.query)
    raw = await request.read()
    if request.content_type.startswith("multipart/"):
        fields, uploads = _parts(request.headers["Content-Type"], raw)
        return {**params, **fields}, uploads
    try:
        params |= dict(parse_qsl(raw.decode(), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise bad("the body is not UTF-8") from error
    return params, []


def _parts(content_type: str, raw: bytes) -> tuple[dict[str, str], list[Upload]]:
    # the e-mail parser reads any MIME tree; HTTP's form is one without the outer headers
    parsed = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    if not parsed.is_multipart():
        raise bad("the body is not a multipart form")
    fields: dict[str, str] = {}
    uploads: list[Upload] = []
    for part in parsed.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        if part.get_filename() is None:
            fields[name] = content.decode(errors="replace")
        else:
            uploads.append(Upload(name, content))
    return fields, uploads
