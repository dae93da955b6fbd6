"""Which files are taken as evidence, told by their first bytes, never by their names."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import DataError


@dataclass(frozen=True, slots=True)
class Media:
    """A type of file."""

    media_type: str
    extension: str


JPEG = Media("image/jpeg", "jpg")
PNG = Media("image/png", "png")
WEBP = Media("image/webp", "webp")
PDF = Media("application/pdf", "pdf")
HTML = Media("text/html", "html")
TEXT = Media("text/plain", "txt")
MP4 = Media("video/mp4", "mp4")

_BEGINNINGS = ((b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG), (b"%PDF-", PDF))
_MP4_BRANDS = (b"iso", b"mp4", b"avc1", b"M4V", b"MSNV", b"dash", b"mmp4")
_LAYOUT = frozenset("\t\n\r\f")


def media_of(content: bytes) -> Media:
    """Return what a file is. Raises DataError for one that is empty or of a type that is not taken."""
    if not content:
        raise DataError("The file is empty: nothing is proved by it.")
    for beginning, media in _BEGINNINGS:
        if content.startswith(beginning):
            return media
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp" and content[8:12].startswith(_MP4_BRANDS):
        return MP4
    text = _text(content)
    if text is None:
        raise DataError(
            "The file is none of JPEG, PNG, WebP, PDF, HTML, plain text in UTF-8 and MP4, going by what is in it. "
            "Take a screenshot, or save it as one of these."
        )
    start = text[:512].lstrip("\ufeff\t\n\r\f ").lower()
    return HTML if start.startswith(("<!doctype html", "<html")) else TEXT


def _text(content: bytes) -> str | None:
    """Return what people can read, None where it is no text."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if any(each < " " and each not in _LAYOUT for each in set(text)) else text
