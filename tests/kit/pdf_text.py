"""What a person would copy out of a PDF that the gateway made: uncompressed, with built-in fonts."""

from __future__ import annotations

import re


def text_of(pdf: bytes) -> str:
    """Return what a PDF reader would copy: strings are Latin for Helvetica, else UTF-16 big-endian."""
    latin = {
        match[1]
        for each in re.findall(rb"<<(?:(?!>>).)*/BaseFont /Helvetica.*?>>", pdf, re.DOTALL)
        if (match := re.search(rb"/Name /(F\d+)", each))
    }
    assert latin, "Helvetica is there"
    told, font = [], b""
    for name, string in re.findall(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", pdf, re.DOTALL):
        if name:
            font = name
            continue
        raw = re.sub(rb"\\([0-7]{3}|.)", lambda m: _escaped(m[1]), string, flags=re.DOTALL)
        told.append(raw.decode("cp1252" if font in latin else "utf-16-be"))
    return "".join(told)


def _escaped(code: bytes) -> bytes:
    return bytes([int(code, 8)]) if len(code) == 3 else {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(code, code)
