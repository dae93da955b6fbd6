"""Scenarios from JSON or YAML text, with errors that name file, line and field (SCENARIO.md, exit status 2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from gateway.errors import DataError
from gateway.marked_yaml import Mapping, Mark, MarkedError, Sequence, load
from gateway.policy.marked_json import load_json
from gateway.policy.scenario import FieldProblem, PlainText, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from gateway.marked_yaml import Node

_SHOWN = 60  # characters of a wrong word that a message repeats


class ScenarioError(DataError):
    """A malformed scenario. ``file``, ``line`` and ``field`` tell where, the text also what to do."""

    def __init__(self, mark: Mark, field: str, problem: str) -> None:
        super().__init__(f"{mark}: {field}: {problem}" if field else f"{mark}: {problem}")
        self.file = mark.file
        self.line = mark.line
        self.field = field
        self.problem = problem

    @classmethod
    def at(cls, file: str, line: int, field: str, problem: str) -> ScenarioError:
        """Return the error of a place told in plain words."""
        return cls(Mark(file, line), field, problem)


def read_scenario(file: Path) -> Scenario:
    """Return the scenario in a JSON or YAML file. Raises ScenarioError, OSError when there is no such file."""
    return parse_scenario(decoded(file.read_bytes(), file.name), file.name)


def read_batch(file: Path) -> Iterator[Scenario]:
    """Yield the scenarios of a file with one JSON object a line, in order. Raises ScenarioError."""
    return parse_batch(decoded(file.read_bytes(), file.name), file.name)


def parse_scenario(text: str, file: str) -> Scenario:
    """Return the scenario in ``text``: YAML when ``file`` ends in .yaml or .yml, else JSON when it looks like JSON.

    Raises ScenarioError.
    """
    is_yaml = file.endswith((".yaml", ".yml")) or not (file.endswith(".json") or text.lstrip()[:1] in {"{", "["})
    try:
        tree = load(text, file) if is_yaml else load_json(text, file)
    except MarkedError as error:
        raise ScenarioError(error.mark, "", error.problem) from None
    return _scenario(tree, typed=not is_yaml)


def parse_batch(text: str, file: str) -> Iterator[Scenario]:
    """Yield one scenario for each line of JSON that is not blank, in order.

    Raises ScenarioError at the first malformed one.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield parse_line(line, file, number)


def parse_line(line: str, file: str, number: int) -> Scenario:
    """Return the scenario in one line of JSON, the ``number``-th of ``file``. Raises ScenarioError.

    Sound lines are read by the C reader; one it refuses is read again by the reader that knows where things stand.
    """
    try:
        return Scenario.model_validate(_DECODER.decode(line), by_alias=True, by_name=False)
    except (ValueError, RecursionError):  # ValidationError and JSONDecodeError among them
        pass
    try:
        tree = load_json(line, file, first_line=number)
    except MarkedError as error:
        raise ScenarioError(error.mark, "", error.problem) from None
    return _scenario(tree, typed=True)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError
    return entries


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def read_object(value: object) -> Scenario:
    """Return the scenario an object of plain dicts, lists and texts holds (`PlainText` where a type is open).

    Raises FieldProblem, whose ``path`` names the field and whose text says what is wrong there and what is allowed.
    """
    try:
        return Scenario.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise FieldProblem(*_first(error.errors(include_url=False))) from None


def decoded(raw: bytes, file: str) -> str:
    """Return UTF-8 text, its lines ending as on Unix; ``file`` names it in errors. Raises ScenarioError."""
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ScenarioError(Mark(file, line), "", "is not UTF-8 text: save it as UTF-8") from None


def _scenario(tree: Node, *, typed: bool) -> Scenario:
    if not isinstance(tree, Mapping):
        raise ScenarioError(tree.mark, "", "a scenario is one object with as_of, store, order and intent")
    try:
        return Scenario.model_validate(_plain(tree, typed=typed), by_alias=True, by_name=False)
    except ValidationError as error:
        raise _explained(error.errors(include_url=False), tree) from None


def _plain(node: Node, *, typed: bool) -> object:
    """Return the tree without its marks. Typed: an unquoted scalar is what JSON says; otherwise its type is open."""
    if isinstance(node, Mapping):
        return {key: _plain(value, typed=typed) for key, value in node.entries.items()}
    if isinstance(node, Sequence):
        return [_plain(item, typed=typed) for item in node.items]
    if node.is_null:
        return None
    if not node.plain:
        return node.text
    return _json_value(node.text) if typed else PlainText(node.text)


def _json_value(text: str) -> bool | int | float:
    if text in {"true", "false"}:
        return text == "true"
    # a number with a point becomes a float only to be refused: no field of a scenario takes one
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _explained(errors: list[ErrorDetails], tree: Node) -> ScenarioError:
    path, problem = _first(errors)
    return ScenarioError(_mark(tree, path), ".".join(str(part) for part in path), problem)


def _first(errors: list[ErrorDetails]) -> tuple[tuple[str | int, ...], str]:
    # a default that could not be computed is only the echo of an error that is reported itself
    error = next(each for each in errors if each["type"] != "default_factory_not_called")
    path = tuple(error["loc"])
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, FieldProblem):
        path += cause.path
    if path and path[-1] == "[key]":
        path = path[:-1]
    return path, _problem(error)


def _mark(tree: Node, path: tuple[str | int, ...]) -> Mark:
    """Return where the field stands, or the nearest thing around it that was written."""
    node: Node = tree
    mark = tree.mark
    for part in path:
        if isinstance(node, Mapping) and part in node.entries:
            mark = node.key_marks[str(part)]
            node = node.entries[str(part)]
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            mark = node.mark
        else:
            break
    return mark


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown field: correct its name or remove it"
    if error["type"] == "missing":
        return "is required: add it"
    if error["type"] == "enum":
        given = str(error["input"])[:_SHOWN]
        return f"{given!r} is unknown; use one of {error['ctx']['expected']}"
    return error["msg"].removeprefix("Value error, ")
