"""The files of a rule set as one block of bytes, so that a decision can keep the rules it was made with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway.marked_yaml import Mark
from gateway.policy.rule_file import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

HEAD, SOURCES = "rule_set.yaml", "sources.yaml"


def read_files(root: Traversable) -> dict[str, str]:
    """Return the text of every rule file under its path like ``shopee/rate.yaml``. Raises RuleError."""
    own = {name: _text(root / name, name) for name in (HEAD, SOURCES)}
    return own | {name: _text(file, name) for name, file in _topic_files(root, "")}


def packed(files: Mapping[str, str]) -> bytes:
    """Return the one spelling of these files: equal files give equal bytes."""
    return json.dumps(files, ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(archive: bytes) -> dict[str, str]:
    """Return the files that `packed` was given."""
    files: dict[str, str] = json.loads(archive)
    return files


def _topic_files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _topic_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".yaml") and (prefix or entry.name not in {HEAD, SOURCES}):
            yield prefix + entry.name, entry


def _text(file: Traversable, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise RuleError(Mark(name, 1), f"cannot be read ({error.strerror}): put the file in place") from None
    except UnicodeDecodeError:
        raise RuleError(Mark(name, 1), "is not UTF-8 text: save it as UTF-8") from None
