"""Settings that were changed while the gateway runs: what it still runs without, and what it cannot use.

``automations.yaml`` is read anew at each look of the automations. ``gateway.yaml`` and ``rules/`` count from the start
of a process on, so that every decision of a run rests on the same ones: a change is told, and a restart takes it up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from gateway.cases.automation_file import read_automations
from gateway.cases.notices import Level, key_of
from gateway.cases.watch import Alarm
from gateway.config import Configuration, read_configuration
from gateway.errors import GatewayError
from gateway.model.notice import NoticeKind
from gateway.operations.context import Context
from gateway.policy.rule_set import load_rules
from gateway.policy.store_rules import read_own_rules

KINDS = frozenset({NoticeKind.restart_needed.value, NoticeKind.settings_unusable.value})

_LONGEST = 500  # letters of what is wrong


class SettingsWatch:
    """Compares the settings as they stand with those at the time it was made: the start of this process."""

    def __init__(self, context: Context) -> None:
        self._folder = context.folder
        self._configuration = _read(context.folder.configuration)
        self._rules = self._own_rules()

    def look(self, stores: Collection[str]) -> Iterator[Alarm]:
        """Return what people must hear of the settings, given the ids of the ``stores`` there are."""
        for file, problem in self._problems(stores):
            told = {"file": self._name(file), "problem": problem[:_LONGEST]}
            yield self._alarm(NoticeKind.settings_unusable, file, told)
        for file in self._changed():
            yield self._alarm(NoticeKind.restart_needed, file, {"file": self._name(file)})

    def _alarm(self, kind: NoticeKind, file: Path, told: Mapping[str, object]) -> Alarm:
        key = key_of(kind.value, self._name(file))
        return Alarm(key, kind.value, "", None, Level.warning, told, recurs=True)

    def _problems(self, stores: Collection[str]) -> Iterator[tuple[Path, str]]:
        folder = self._folder
        try:
            read_automations(folder.automations)
        except GatewayError as error:
            yield folder.automations, f"{error} No automation acts until then."
        if isinstance(found := _read(folder.configuration), str):
            yield folder.configuration, f"{found} The gateway does not start again with it."
        for file, content in self._own_rules().items():
            if content != self._rules.get(file) and (problem := _problem(file, stores)):
                yield file, f"{problem} The gateway does not start again with it."

    def _changed(self) -> Iterator[Path]:
        now = _read(self._folder.configuration)
        if not isinstance(now, str) and now != self._configuration:
            yield self._folder.configuration
        rules = self._own_rules()
        for file in sorted(rules.keys() | self._rules.keys()):
            if rules.get(file) != self._rules.get(file):
                yield file

    def _own_rules(self) -> dict[Path, bytes]:
        folder = self._folder.rules
        return {file: file.read_bytes() for file in folder.glob("*.yaml")} if folder.is_dir() else {}

    def _name(self, file: Path) -> str:
        return file.relative_to(self._folder.path).as_posix()


def _read(file: Path) -> Configuration | str:
    """Return the configuration, or why it cannot be used."""
    try:
        return read_configuration(file)
    except GatewayError as error:
        return str(error)


def _problem(file: Path, stores: Collection[str]) -> str | None:
    try:
        read_own_rules(load_rules(), file)
    except GatewayError as error:
        return str(error)
    if file.stem not in stores:
        return f"There is no store {file.stem}: name the file after one of {', '.join(sorted(stores)) or 'none yet'}."
    return None
