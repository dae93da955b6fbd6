"""Reading multipart bodies, which only the upload calls use."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

from mocks.shopee.calling import Upload
from mocks.shopee.errors import wrong

if TYPE_CHECKING:
    from collections.abc import MutableSequence


def read_form(content_type: str, raw: bytes, uploads: MutableSequence[Upload]) -> dict[str, Any]:
    """Give the plain fields of a multipart body and append its files to `uploads`; ApiError if it is none."""
    # the e-mail parser reads any MIME tree; HTTP's form is one without the outer headers
    parsed = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    if not parsed.is_multipart():
        raise wrong("the body is not a multipart form.")
    fields: dict[str, Any] = {}
    for part in parsed.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        filename = part.get_filename()
        if filename is None:
            fields[name] = content.decode(errors="replace")
        else:
            uploads.append(Upload(name, filename, part.get_content_type(), content))
    return fields
