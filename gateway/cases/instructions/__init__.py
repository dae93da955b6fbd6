"""How a person does a task: what to do in the platform's console, step by step, in a language of theirs.

The words stand in the YAML files beside this module, the same keys in each language. What a console is called and
where something stands in it is said only as far as the papers on the platform's rules name it; the rest is told in
general words. A step may rest on a detail of the task (under ``if``): where the detail is absent, so is the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from gateway.cases.tasks import Task, TaskKind
from gateway.marked_yaml import Mapping as Table
from gateway.marked_yaml import MarkedError, Node, Scalar, Sequence, load
from gateway.model.store import Platform, Store
from gateway.policy.terms import EvidenceKind
from gateway.policy.wording.catalog import Language, texts_in
from gateway.policy.wording.page import moment

_INSTANTS = frozenset({"announced_close_at", "act_by", "anew", "at", "since"})
_ANY = "any"

# What is entered in the gateway once a task is done. Where a choice is left, each is a line of its own.
_AFTERWARDS: Mapping[TaskKind, tuple[str, ...]] = {
    TaskKind.close: ("gateway tasks done {id}",),
    TaskKind.ship: ("gateway tasks done {id}",),
    TaskKind.send_message: ("gateway tasks done {id}",),
    TaskKind.collect_evidence: ("gateway tasks done {id}",),
    TaskKind.contact_support: ("gateway tasks done {id} --ticket NUMBER",),
    TaskKind.intercept_parcel: (
        "gateway tasks done {id} --interception requested",
        "gateway tasks done {id} --interception confirmed",
        "gateway tasks done {id} --interception failed",
    ),
    TaskKind.open_dispute: ("gateway tasks done {id}",),
    TaskKind.ask_person: ('gateway tasks done {id} --because "..."',),
    TaskKind.read_reply: (
        "gateway tasks done {id} --reply consents",
        "gateway tasks done {id} --reply refuses",
        "gateway tasks done {id} --reply asks_to_cancel",
        'gateway tasks done {id} --because "..."',
    ),
    TaskKind.verify_stock: ("gateway tasks done {id} --quantity NUMBER",),
    TaskKind.delist: ("gateway tasks done {id}",),
    TaskKind.watch_refund: ('gateway tasks done {id} --because "..."',),
    TaskKind.ship_back: ('gateway tasks done {id} --because "CARRIER NUMBER"',),
    TaskKind.return_received: (
        "gateway tasks done {id} --returned received",
        "gateway tasks done {id} --returned refused",
    ),
}
_SENT = "gateway contact sent {order} --purpose {purpose} --text-file FILE"
_CANCEL = 'gateway tasks cancel {id} --because "..."'


@dataclass(frozen=True, slots=True)
class Instructions:
    """How a task is done: what, in which order; what never; and what is entered afterwards, ready to copy."""

    language: Language
    title: str
    steps: tuple[str, ...]
    never: tuple[str, ...]
    afterwards: tuple[str, ...]
    otherwise: str  # entered when it cannot be done, or need not be


@dataclass(frozen=True, slots=True)
class Catalog:
    """The words of one language: by section and word, and by kind of task, part and platform."""

    language: Language
    words: Mapping[str, Mapping[str, str]]
    titles: Mapping[TaskKind, str]
    steps: Mapping[TaskKind, Mapping[str, tuple[str, ...]]]
    conditional: Mapping[TaskKind, Mapping[str, str]]  # by the detail a step rests on
    never: Mapping[TaskKind, Mapping[str, tuple[str, ...]]]

    def steps_on(self, kind: TaskKind, platform: Platform) -> tuple[str, ...]:
        """Return the steps of a kind on a platform. Raises KeyError where the file holds none."""
        by_platform = self.steps[kind]
        return by_platform[platform] if platform in by_platform else by_platform[_ANY]


def instructions_for(task: Task, store: Store, language: Language) -> Instructions:
    """Return how a person does a task, in ``language``, times in the store's time zone."""
    catalog, platform = catalog_in(language), Platform.of(store.platform)
    slots = _Slots(catalog, platform, task, store)
    steps = [*catalog.steps_on(task.kind, platform)]
    steps += [words for detail, words in catalog.conditional[task.kind].items() if slots.has(detail)]
    common = catalog.words["common"]
    if task.kind is TaskKind.send_message and not task.has_text:
        steps.insert(0, common["no_text"])
    if slots.has("anew"):
        steps.insert(0, common["anew"])
    never = catalog.never[task.kind]
    if task.due_by is not None:
        steps.append(common["by"])
    return Instructions(
        language=language,
        title=slots.fill(catalog.titles[task.kind]),
        steps=tuple(slots.fill(step) for step in steps),
        never=tuple(slots.fill(each) for each in (*never[_ANY], *never.get(platform, ()))),
        afterwards=tuple(slots.fill(line) for line in _afterwards(task)),
        otherwise=slots.fill(_CANCEL),
    )


@lru_cache
def catalog_in(language: Language) -> Catalog:
    """Return the words of a language. Raises MarkedError when the file beside this module cannot be read."""
    name = f"{language}.yaml"
    file = resources.files("gateway.cases.instructions") / name
    tree = _table(load(file.read_text(encoding="utf-8"), name))
    kinds = {TaskKind(kind): _table(node) for kind, node in _table(tree["kind"]).items()}
    return Catalog(
        language=language,
        words={section: _texts(node) for section, node in tree.items() if section != "kind"},
        titles={kind: _text(parts["title"]) for kind, parts in kinds.items()},
        steps={kind: _lists(parts["steps"]) for kind, parts in kinds.items()},
        conditional={kind: _texts(parts["if"]) if "if" in parts else {} for kind, parts in kinds.items()},
        never={kind: _lists(parts["never"]) for kind, parts in kinds.items()},
    )


class _Slots:
    """What stands in the braces of a text: words of the platform, and the task's details as people read them."""

    def __init__(self, catalog: Catalog, platform: Platform, task: Task, store: Store) -> None:
        words = catalog.words
        self._task = task
        self._catalog = catalog
        self._zone = ZoneInfo(store.time_zone)
        self._details = _details(task)
        self._slots = dict(words["absent"])
        self._slots |= {section: words[section][platform] for section in ("console", "chat", "support")}
        self._slots["order"] = task.order_id or task.subject
        self._slots["id"] = task.id
        self._slots["evidence_kind"] = "KIND"
        self._slots |= {name: self._spelt(name, each) for name, each in self._details.items() if _is_given(each)}
        if task.due_by is not None:
            self._slots["by"] = moment(task.due_by, self._zone)
        self._slots["find"] = words["find"][platform].format(**self._slots)

    def has(self, detail: str) -> bool:
        """Return whether a step that rests on this detail applies."""
        if self._task.kind is TaskKind.collect_evidence:
            return self._details.get("evidence_kind") == detail
        if detail == "batch_size":
            return int(self._details.get(detail, 1)) > 1
        return _is_given(self._details.get(detail))

    def fill(self, words: str) -> str:
        """Return a text with its slots filled."""
        return words.format(**self._slots)

    def _spelt(self, name: str, value: Any) -> str:
        if name in _INSTANTS:
            return moment(datetime.fromisoformat(value), self._zone)
        if isinstance(value, list):
            return ", ".join(str(each["order"]) if isinstance(each, dict) else str(each) for each in value)
        if name == "language":
            known = self._catalog.words["language"]
            return known.get(str(value).split("-", maxsplit=1)[0].lower(), str(value))
        if name == "evidence":
            return self._catalog.words["evidence"].get(str(value), str(value))
        if name in {"reason", "purpose"}:
            own = self._catalog.words.get(name, {})
            return own.get(value) or texts_in(self._catalog.language).entries.get(f"{name}.{value}", str(value))
        return str(value)


def _afterwards(task: Task) -> tuple[str, ...]:
    if task.kind is TaskKind.send_message and not task.has_text:
        return (_SENT.format(order=task.order_id, purpose=_details(task).get("purpose", "PURPOSE")),)
    return _AFTERWARDS[task.kind]


def _is_given(value: object) -> bool:
    return value is not None and value not in ("", [])


def _details(task: Task) -> dict[str, Any]:
    """Return the details, with what the subject tells besides: ``ORDER:chat`` is about the evidence of the chat."""
    found = dict(task.details)
    _, _, word = task.subject.rpartition(":")
    if task.kind is TaskKind.collect_evidence and (word in set(EvidenceKind) or "evidence" in found):
        found["evidence_kind"] = found.get("evidence", word)
        found["evidence"] = found["evidence_kind"]
    if task.kind is TaskKind.send_message and ":" in task.subject:
        found.setdefault("purpose", word)
    if task.kind is TaskKind.delist:
        found.setdefault("sku", task.subject)
    if task.kind is TaskKind.ask_person and "because" in found:
        found.setdefault("explanation", found["because"])
    return found


def _table(node: Node) -> dict[str, Node]:
    if not isinstance(node, Table):
        raise MarkedError(node.mark, "a table is expected here")
    return dict(node.entries)


def _texts(node: Node) -> dict[str, str]:
    return {key: _text(each) for key, each in _table(node).items()}


def _lists(node: Node) -> dict[str, tuple[str, ...]]:
    return {key: _list(each) for key, each in _table(node).items()}


def _list(node: Node) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        raise MarkedError(node.mark, "a list of texts is expected here")
    return tuple(_text(each) for each in node.items)


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise MarkedError(node.mark, "a text is expected here")
    return node.text
