"""A paper as PDF. Chinese, Japanese and Korean are drawn with the fonts that PDF readers bring for them.

A character that none of the built-in fonts knows (Thai, say) is drawn as a square, and the foot says that the HTML
shows it.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from gateway.cases.papers.page import Facts, Grid, Page, Prose, shown_sections
from gateway.policy.wording.catalog import Language

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

_LATIN = ("Helvetica", "cp1252")
_SIMPLIFIED = ("STSong-Light", "gbk")
_TRADITIONAL = ("MSung-Light", "big5")
_JAPANESE = ("HeiseiKakuGo-W5", "cp932")
_KOREAN = ("HYSMyeongJo-Medium", "cp949")
_FONTS = {
    Language.zh: (_LATIN, _SIMPLIFIED, _TRADITIONAL, _JAPANESE, _KOREAN),
    Language.ja: (_LATIN, _JAPANESE, _SIMPLIFIED, _TRADITIONAL, _KOREAN),
    Language.en: (_LATIN, _TRADITIONAL, _SIMPLIFIED, _JAPANESE, _KOREAN),
}
_UNKNOWN = "\u25a1"  # a square; the Asian fonts have it
_MARGIN = 48
_NARROWEST, _WIDEST = 8, 40  # letters by which columns are weighed


def pdf_of(page: Page, undrawn: str) -> bytes:
    """Return the paper as PDF; the same page gives the same bytes.

    ``undrawn`` is the sentence for the foot when a character could not be drawn.
    """
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - a fifth of a second, and few commands draw
    from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415

    drawing = _Drawing(page.language, A4[0] - 2 * _MARGIN)
    story = [drawing.text(page.title, "title"), drawing.text(page.lead, "lead")]
    for section in shown_sections(page):
        story += drawing.section(section)
    story += [drawing.text(line, "foot") for line in page.foot]
    if drawing.undrawn:
        story.append(drawing.text(undrawn, "foot"))
    written = io.BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=page.title,
        lang=page.language.value,
        invariant=1,  # no time of making, no random number
        pageCompression=0,  # the same bytes whichever zlib is there
    )
    document.build(story)
    return written.getvalue()


class _Drawing:
    """Draws what a page holds; remembers whether a character could not be drawn."""

    def __init__(self, language: Language, width: float) -> None:
        self.undrawn = False
        self._fonts = _FONTS[language]
        self._width = width
        self._styles = _styles()

    def text(self, words: str, style: str = "cell") -> Flowable:
        from reportlab.platypus import Paragraph  # noqa: PLC0415 - as above

        return Paragraph("<br/>".join(self._marked(line) for line in words.split("\n")), self._styles[style])

    def section(self, section: Facts | Grid | Prose) -> list[Flowable]:
        heading = self.text(section.heading, "heading")
        if isinstance(section, Prose):
            return [heading, *(self.text(line or " ") for line in section.text.split("\n"))]
        if isinstance(section, Facts):
            rows = [[self.text(name, "name"), self.text(value)] for name, value in section.rows]
            return [heading, self._table(rows, [self._width * 0.28, self._width * 0.72], header=False)]
        head = [self.text(each, "name") for each in section.columns]
        body = [[self.text(each) for each in row] for row in section.rows]
        return [heading, self._table([head, *body], self._widths(section), header=True)]

    def _widths(self, grid: Grid) -> list[float]:
        """Return widths by how much stands in each column, no column too narrow for a word."""
        columns = zip(grid.columns, *grid.rows, strict=True)
        weights = [min(max(*map(len, column), _NARROWEST), _WIDEST) for column in columns]
        return [self._width * weight / sum(weights) for weight in weights]

    def _table(self, rows: list[list[Flowable]], widths: list[float], *, header: bool) -> Flowable:
        from reportlab.lib.colors import HexColor  # noqa: PLC0415 - as above
        from reportlab.platypus import Table, TableStyle  # noqa: PLC0415

        shaded = ((0, 0), (-1, 0)) if header else ((0, 0), (0, -1))
        style = TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, HexColor(0xD0D4D8)),
                ("BACKGROUND", *shaded, HexColor(0xF2F4F6)),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
        # a row may be longer than a page: a chat, say
        return Table(rows, colWidths=widths, style=style, repeatRows=1 if header else 0, splitInRow=1)

    def _marked(self, line: str) -> str:
        """Return a line as reportlab reads it, each run of characters in a font that has them."""
        runs: list[tuple[str, str]] = []
        for letter in line:
            font = _font_of(letter, self._fonts)
            if font is None:
                self.undrawn = True
                font, letter = _JAPANESE[0], _UNKNOWN  # noqa: PLW2901 - drawn in its place
            if runs and runs[-1][0] == font:
                runs[-1] = (font, runs[-1][1] + letter)
            else:
                runs.append((font, letter))
        return "".join(f'<font name="{font}">{escape(text)}</font>' for font, text in runs)


def _font_of(letter: str, fonts: tuple[tuple[str, str], ...]) -> str | None:
    for font, encoding in fonts:
        try:
            letter.encode(encoding)
        except UnicodeEncodeError:
            continue
        return font
    return None


@lru_cache(maxsize=1)
def _styles() -> dict[str, Any]:
    """Return the styles of text, and make the Asian fonts known."""
    from reportlab.lib.colors import HexColor  # noqa: PLC0415 - as above
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: PLC0415
    from reportlab.pdfbase.pdfmetrics import registerFont  # noqa: PLC0415

    for name, _ in (_SIMPLIFIED, _TRADITIONAL, _JAPANESE, _KOREAN):
        registerFont(UnicodeCIDFont(name))

    grey = HexColor(0x555B61)

    def style(size: float, **more: Any) -> ParagraphStyle:
        return ParagraphStyle(
            f"{size}", fontName="Helvetica", fontSize=size, leading=size * 1.45, wordWrap="CJK", **more
        )

    return {
        "title": style(16),
        "lead": style(9, textColor=grey, spaceAfter=6),
        "heading": style(11.5, spaceBefore=10, spaceAfter=4, keepWithNext=1),
        "name": style(8.5, textColor=grey),
        "cell": style(9),
        "foot": style(7.5, textColor=grey, spaceBefore=2),
    }
