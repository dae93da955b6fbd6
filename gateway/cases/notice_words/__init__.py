"""What a notice says, in a language of the shop's people. The files beside this module hold the same kinds in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from string import Formatter

from gateway.cases.notices import Notice
from gateway.marked_yaml import Mapping as Table
from gateway.marked_yaml import MarkedError, Node, Scalar, load
from gateway.policy.wording.catalog import Language

_UNTOLD = "-"


@dataclass(frozen=True, slots=True)
class Words:
    """A title of one line, and what happened with what to do. Neither names a person."""

    title: str
    text: str


def words_of(notice: Notice, language: Language) -> Words:
    """Return what a notice says. A kind without words of its own is told by its name; instants are in UTC."""
    told: dict[str, object] = {**notice.details, "store": notice.store or _UNTOLD, "order": notice.order_id or _UNTOLD}
    found = catalog_in(language).get(notice.kind)
    if found is None:
        return Words(notice.kind.replace("_", " "), " ".join(f"{name}: {each}" for name, each in sorted(told.items())))
    return Words(_filled(found.title, told), _filled(found.text, told))


@lru_cache
def catalog_in(language: Language) -> Mapping[str, Words]:
    """Return the words of each kind. Raises MarkedError when the file beside this module cannot be read."""
    name = f"{language}.yaml"
    file = resources.files("gateway.cases.notice_words") / name
    tree = _table(load(file.read_text(encoding="utf-8"), name))
    return {kind: Words(*(_text(_table(node)[part]) for part in ("title", "text"))) for kind, node in tree.items()}


def _filled(words: str, told: Mapping[str, object]) -> str:
    slots = {name for _, name, _, _ in Formatter().parse(words) if name}
    return words.format(**{name: _spelt(told.get(name)) for name in slots})


def _spelt(value: object) -> str:
    if value is None or value in ("", []):
        return _UNTOLD
    text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    try:
        instant = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        instant = None
    return text if instant is None else f"{instant:%Y-%m-%d %H:%M} UTC"


def _table(node: Node) -> Mapping[str, Node]:
    if not isinstance(node, Table):
        raise MarkedError(node.mark, "a table is expected here")
    return node.entries


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise MarkedError(node.mark, "a text is expected here")
    return node.text
