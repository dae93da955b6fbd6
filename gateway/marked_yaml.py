"""YAML text as a tree in which every key and value knows its line.

Scalars stay text: a store in ``NO`` is in Norway, ``1.10`` keeps its last digit, and whoever reads the tree says
what type it wants. Duplicate keys, anchors, aliases and tags are refused: each has hidden a mistake before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import yaml
from yaml.composer import Composer

from gateway.errors import ConfigurationError

_NULLS = frozenset({"", "~", "null"})


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something stands; line and column count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written. ``plain`` tells ``3`` from ``"3"``: only a plain value may be null."""

    text: str
    plain: bool
    mark: Mark

    @property
    def is_null(self) -> bool:
        """Whether the writer said "no value": an empty place, ``~`` or ``null``."""
        return self.plain and self.text in _NULLS


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order they were written; ``key_marks`` tells where each key stands."""

    entries: dict[str, Node]
    key_marks: dict[str, Mark]
    mark: Mark


Node = Scalar | Sequence | Mapping


class MarkedError(ConfigurationError):
    """Text that cannot be read. ``mark`` is the place, ``problem`` what is wrong there and what to do."""

    def __init__(self, mark: Mark, problem: str) -> None:
        super().__init__(f"{mark}: {problem}")
        self.mark = mark
        self.problem = problem


def load(text: str, file: str) -> Node:
    """Return the one document in ``text``; ``file`` only names it in marks and errors. Raises MarkedError."""
    documents = load_all(text, file)
    if len(documents) != 1:
        raise MarkedError(Mark(file, 1), f"one document is expected here, {len(documents)} were found")
    return documents[0]


def load_all(text: str, file: str) -> tuple[Node, ...]:
    """Return every document of a ``---`` separated stream. Raises MarkedError."""
    try:
        return tuple(_node(each, file) for each in yaml.compose_all(text, Loader=_PlainLoader))
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(file, place.line + 1, place.column + 1) if place else Mark(file, 1)
        raise MarkedError(mark, f"not readable as YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MarkedError(Mark(file, line), "a control character stands here, which YAML forbids: remove it") from None
    except RecursionError:
        raise MarkedError(Mark(file, 1), "nested too deeply to be read: flatten it") from None


class _PlainLoader(Composer, yaml.CBaseLoader):
    """Composes nodes without guessing types, and refuses what makes YAML surprising. Reads with libyaml, for speed."""

    def __init__(self, stream: str) -> None:
        yaml.CBaseLoader.__init__(self, stream)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = cast("yaml.Event", self.peek_event())
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refusal("anchors and aliases are not used here: write the value out", event)
        if getattr(event, "tag", None) is not None:
            raise _refusal("tags (!...) are not used here: write the value without it", event)
        return super().compose_node(parent, index)


def _refusal(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=cast("yaml.error.Mark | None", event.start_mark))


def _node(node: yaml.Node, file: str) -> Node:
    mark = Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.ScalarNode):
        return Scalar(node.value, not node.style, mark)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_node(each, file) for each in node.value), mark)
    entries: dict[str, Node] = {}
    marks: dict[str, Mark] = {}
    for key_node, value_node in node.value:
        place = Mark(file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            raise MarkedError(place, "a key must be plain text")
        key = key_node.value
        if key in entries:
            raise MarkedError(place, f"{key}: written twice (first in line {marks[key].line}); keep one of them")
        entries[key] = _node(value_node, file)
        marks[key] = place
    return Mapping(entries, marks, mark)
