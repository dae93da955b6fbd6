"""One fact of a scenario changed by its path: ``order.phase=delivered``, ``order.paid=12.50``, ``evidence=chat``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors import DataError
from gateway.policy.parse import read_object
from gateway.policy.scenario import FieldProblem, PlainText, Scenario, scenario_object

if TYPE_CHECKING:
    from collections.abc import Sequence

_MONEY = re.compile(r"([0-9.]+)(?: ?([A-Z]{3}))?")
_MONEY_PATHS = {f"order.{name}" for name in ("paid", "goods_cost", "outbound_shipping_cost", "return_shipping_cost")}
_LIST_PATHS = {"evidence"}
_FORM = "write PATH=VALUE, like order.stock_available=false; the paths are those of a scenario (--show-scenario)"


@dataclass(frozen=True, slots=True)
class Setting:
    """A fact by its path, and its new value as it was written."""

    path: str
    text: str


def read_setting(text: str) -> Setting:
    """Return ``PATH=VALUE`` in its two halves. Raises DataError for anything else."""
    path, sign, value = text.partition("=")
    path = path.strip()
    if not sign or not path or not all(path.split(".")):
        raise DataError(f"--set {text}: {_FORM}.")
    return Setting(path, value.strip())


def with_settings(scenario: Scenario, settings: Sequence[Setting]) -> Scenario:
    """Return the scenario with the facts of ``settings`` changed, in their order.

    A value is a word, a number or ``null``; money an amount with or without its currency; a list has commas; whatever
    begins with a bracket is JSON. Raises DataError that names the path and what is allowed there.
    """
    if not settings:
        return scenario
    written = scenario_object(scenario)
    if scenario.known_by == scenario.as_of:
        del written["known_by"]  # it follows the instant asked about
    for setting in settings:
        _put(written, setting, scenario.store.currency)
    try:
        return read_object(written)
    except FieldProblem as problem:
        path = ".".join(str(part) for part in problem.path)
        raise DataError(f"--set {_blamed(path, settings)}: {problem}.") from None


def _blamed(path: str, settings: Sequence[Setting]) -> str:
    """Return the setting that made a field wrong, with the field where it is another one."""
    for setting in settings:
        if f"{path}.".startswith(f"{setting.path}.") or setting.path.startswith(f"{path}."):
            return f"{path}={setting.text}" if path == setting.path else f"{setting.path}={setting.text}: {path}"
    return f"{', '.join(f'{each.path}={each.text}' for each in settings)}: {path}"


def _put(written: dict[str, Any], setting: Setting, currency: str) -> None:
    *folders, last = setting.path.split(".")
    place: Any = written
    for depth, part in enumerate(folders):
        place = _entered(place, part, setting, ".".join(folders[:depth]))
    if isinstance(place, list):
        number = _index(place, last, setting)
        place[number : number + 1] = [_value(setting, currency)]
    elif isinstance(place, dict):
        place[last] = _value(setting, currency)
    else:
        raise DataError(f"--set {setting.path}={setting.text}: {'.'.join(folders)} holds no further fields; {_FORM}.")


def _entered(place: Any, part: str, setting: Setting, path: str) -> Any:
    if isinstance(place, list):
        number = _index(place, part, setting)
        if number == len(place):
            place.append({})
        return place[number]
    if not isinstance(place, dict):
        raise DataError(f"--set {setting.path}={setting.text}: {path} holds no further fields; {_FORM}.")
    if place.get(part) is None:
        place[part] = {}  # a request that is not there yet; an unknown name is told when all is read
    return place[part]


def _index(items: list[Any], part: str, setting: Setting) -> int:
    if not part.isascii() or not part.isdigit() or int(part) > len(items):
        count = f"0 to {len(items)}" if items else "0"
        raise DataError(f"--set {setting.path}={setting.text}: {part} is no place in this list; use {count}.")
    return int(part)


def _value(setting: Setting, currency: str) -> object:
    text = setting.text
    if text[:1] in {"{", "["}:
        try:
            return json.loads(text)
        except ValueError:
            raise DataError(f"--set {setting.path}={text}: is not readable as JSON; quote keys and texts.") from None
    if text == "null":
        return None
    if setting.path in _LIST_PATHS:
        return [each.strip() for each in text.split(",") if each.strip()]
    money = _MONEY.fullmatch(text) if setting.path in _MONEY_PATHS else None
    return {"amount": money[1], "currency": money[2] or currency} if money else PlainText(text)
