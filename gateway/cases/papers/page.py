"""What a paper holds, and the paper as HTML: one file that needs no other, without scripts, everything escaped."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from gateway.policy.wording.catalog import Language

_STYLE = (
    "body{font:14px/1.5 system-ui,'PingFang SC','Hiragino Sans','Noto Sans CJK SC',sans-serif;color:#1c2024;"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.4rem;margin:0 0 .25rem}h2{font-size:1.05rem;margin:1.5rem 0 .5rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #d0d4d8;padding:.35rem .6rem;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}th{background:#f2f4f6;font-weight:600}"
    ".facts th{width:14rem}.lead,footer{color:#555b61}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;"
    "margin:0}footer{margin-top:2rem;border-top:1px solid #d0d4d8;padding-top:.5rem;font-size:.85rem}"
    "@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values. A fact without a value is left out."""

    heading: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows under columns; a section without rows is left out."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """Text whose lines stay as they are."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One paper."""

    language: Language
    title: str
    lead: str
    sections: tuple[Facts | Grid | Prose, ...]
    foot: tuple[str, ...]


def shown_sections(page: Page) -> tuple[Facts | Grid | Prose, ...]:
    """Return the sections that have something to show, facts without a value taken out."""
    shown: list[Facts | Grid | Prose] = []
    for each in page.sections:
        if isinstance(each, Facts):
            rows = tuple((name, value) for name, value in each.rows if value)
            if rows:
                shown.append(Facts(each.heading, rows))
        elif each.rows if isinstance(each, Grid) else each.text:
            shown.append(each)
    return tuple(shown)


def html_of(page: Page) -> bytes:
    """Return the paper as HTML in UTF-8; the same page gives the same bytes."""
    parts = [
        "<!doctype html>",
        f'<html lang="{page.language.value}">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head>",
        f'<body><h1>{escape(page.title)}</h1><p class="lead">{escape(page.lead)}</p>',
        *(_section(each) for each in shown_sections(page)),
        f"<footer>{'<br>'.join(escape(line) for line in page.foot)}</footer></body></html>",
    ]
    return ("\n".join(parts) + "\n").encode()


def _section(section: Facts | Grid | Prose) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>"
    if isinstance(section, Prose):
        return f"{heading}\n<pre>{escape(section.text)}</pre>"
    if isinstance(section, Facts):
        rows = (f"<tr><th>{escape(name)}</th><td>{_cell(value)}</td></tr>" for name, value in section.rows)
        return "\n".join((heading, '<table class="facts">', *rows, "</table>"))
    head = "".join(f"<th>{escape(each)}</th>" for each in section.columns)
    body = ("<tr>" + "".join(f"<td>{_cell(each)}</td>" for each in row) + "</tr>" for row in section.rows)
    return "\n".join((heading, "<table>", f"<tr>{head}</tr>", *body, "</table>"))


def _cell(value: str) -> str:
    return escape(value).replace("\n", "<br>")
