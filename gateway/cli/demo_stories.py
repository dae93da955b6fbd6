"""How ``gateway demo`` tells its stories: what mattered, in words; `gateway cases show` tells every line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gateway.cli.cases import words_of
from gateway.cli.output import table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.cases.case import HistoryLine
    from gateway.cases.effects import Effect
    from gateway.operations.demo.stories.playing import ToldCase, ToldEnd, ToldStory

_PLAIN = {
    "opened": "a case is opened: ",
    "task_done": "has done: ",
    "approval_asked": "a person's yes is asked for",
    "approval_granted": "says yes",
    "upstream": "its purchases are looked at: each becomes a case of its own",
    "effect": "",
    "settled": "the case is settled: ",
}
"""What a line is called; after a colon comes what it tells. Lines that are not here tell a stranger nothing."""
_ACTING = frozenset({"call", "message", "approval", "task", "person", "wait"})


def story_table(story: ToldStory) -> RenderableType:
    """Return a story with what happens in it, what its end cost by which rule, and its timeline."""
    ended = ", ".join(each.case.outcome or each.case.state for each in story.cases)
    title = "\n".join([f"{story.name}: {ended}", story.plot, *_costs(story)])
    rows = [row for each in story.cases for row in _rows(each, named=len(story.cases) > 1)]
    return table(title, ["at", "by", ""], rows, empty=story.trouble)


def _costs(story: ToldStory) -> Iterator[str]:
    for each in story.cases:
        order = f"Order {each.case.order_id} of {each.case.store}"
        if each.first is None or each.last is None:
            yield f"{order}: nothing was decided"
        elif each.first == each.last:
            yield f"{order}, as planned from the first: {_end(each.last)}"
        else:
            yield f"{order}, first planned: {_end(each.first)}; in the end: {_end(each.last)}"


def _end(end: ToldEnd) -> str:
    parts = ", ".join(f"{words} {amount}" for words, amount in end.items)
    return f"{end.path}, {end.cost}" + (f" ({parts})" if parts else "")


def _rows(told: ToldCase, *, named: bool) -> Iterator[tuple[object, str, str]]:
    if named:
        yield "", "", f"order {told.case.order_id} of {told.case.store}"
    lines = [(line.at, line.by, _words(line)) for line in told.history if line.what in _PLAIN or line.what == "turn"]
    lines += [(each.at, "outside", each.act.replace("_", " ")) for each in told.outside]
    lines += [(each.changed_at, "gateway", _end_of(each)) for each in told.effects if not _is_told(told, each)]
    before = ""
    for at, by, words in sorted(lines, key=lambda line: line[0]):
        if words not in {"", before, told.case.because}:  # why it is settled stands in its last line
            yield at, by, words
            before = words


def _is_told(told: ToldCase, effect: Effect) -> bool:
    """Return whether the timeline itself tells how a call ended; where an answer was lost, it does not."""
    ends = {
        (line.details.get("operation"), line.details.get("state")) for line in told.history if line.what == "effect"
    }
    return (effect.act.operation.value, effect.state.value) in ends


def _end_of(effect: Effect) -> str:
    return f"{effect.act.operation}: {effect.state}. {effect.because}"


def _words(line: HistoryLine) -> str:
    """Return what a line tells a stranger; empty when that is nothing."""
    told = line.details
    if line.what == "settled":
        return f"{_PLAIN[line.what]}{told['outcome']}. {told['because']}"
    if line.what != "turn":
        plain = _PLAIN[line.what]
        return plain + words_of(line) if plain.endswith(": ") or not plain else plain
    because = str(told.get("because") or "")
    if told.get("action", "none") == "none" or told["kind"] not in _ACTING:
        return because
    return f"{told['action']} by {told['performed_by']}: {because}" + _rules(told)


def _rules(told: Any) -> str:
    return f" [{', '.join(told['rules'])}]" if told.get("rules") else ""
