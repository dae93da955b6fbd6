"""JSON text as the tree of `gateway.marked_yaml`, in which every key and value knows its line."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from gateway.marked_yaml import Mapping, Mark, MarkedError, Node, Scalar, Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_BARE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_MOST_DEEP = 40


def load_json(text: str, file: str, *, first_line: int = 1) -> Node:
    """Return the one JSON value in ``text``. Raises MarkedError, also for a key written twice.

    ``first_line`` is the line of the file at which the text begins. Numbers stay text, as everything does here.
    """
    return _Reader(text, file, first_line).document()


class _Reader:
    """Walks the text once. Strings go through the standard library, so escapes are read as everybody reads them."""

    def __init__(self, text: str, file: str, first_line: int) -> None:
        self.text = text
        self.file = file
        self.first_line = first_line
        self.line_starts = [0] + [match.end() for match in re.finditer("\n", text)]
        self.at = 0

    def document(self) -> Node:
        node = self.value(0)
        self.skip_space()
        if self.at != len(self.text):
            raise self.problem("something follows after the end of the JSON value: remove it")
        return node

    def value(self, depth: int) -> Node:
        self.skip_space()
        if depth > _MOST_DEEP:
            raise self.problem("nested too deeply: no scenario needs this")
        mark, sign = self.mark(), self.text[self.at : self.at + 1]
        if sign == "{":
            return self.mapping(mark, depth)
        if sign == "[":
            return self.sequence(mark, depth)
        if sign == '"':
            return Scalar(self.string(), plain=False, mark=mark)
        bare = _BARE.match(self.text, self.at)
        if bare is None:
            raise self.problem("no JSON value stands here: strings need double quotes")
        self.at = bare.end()
        return Scalar(bare.group(), plain=True, mark=mark)

    def mapping(self, mark: Mark, depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        marks: dict[str, Mark] = {}
        self.at += 1
        while self.more("}", first=not entries):
            place = self.mark()
            if self.text[self.at : self.at + 1] != '"':
                raise self.problem("a key in double quotes is expected here")
            key = self.string()
            if key in entries:
                raise MarkedError(place, f"{key}: written twice; keep one of them")
            self.skip_space()
            if self.text[self.at : self.at + 1] != ":":
                raise self.problem(f"a colon is expected after {key!r}")
            self.at += 1
            entries[key] = self.value(depth + 1)
            marks[key] = place
        return Mapping(entries, marks, mark)

    def sequence(self, mark: Mark, depth: int) -> Sequence:
        items: list[Node] = []
        self.at += 1
        while self.more("]", first=not items):
            items.append(self.value(depth + 1))
        return Sequence(tuple(items), mark)

    def more(self, end: str, *, first: bool) -> bool:
        """Step over the comma or the closing bracket; tell whether another entry follows."""
        self.skip_space()
        sign = self.text[self.at : self.at + 1]
        if sign == end:
            self.at += 1
            return False
        if first:
            return True
        if sign != ",":
            raise self.problem(f"a comma or {end} is expected here")
        self.at += 1
        self.skip_space()
        return True

    def string(self) -> str:
        try:
            text, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            self.at = error.pos
            raise self.problem(f"not readable as JSON: {error.msg}") from None
        return str(text)

    def skip_space(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def mark(self) -> Mark:
        line = bisect_right(self.line_starts, self.at)
        return Mark(self.file, self.first_line + line - 1, self.at - self.line_starts[line - 1] + 1)

    def problem(self, text: str) -> MarkedError:
        return MarkedError(self.mark(), text)
