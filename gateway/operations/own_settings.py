"""What a shop has set for itself: the files that a backup carries beside database and evidence.

No secret belongs into any of them. A file that holds one all the same is left out of a backup, and it is said where.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.operations.context import DataFolder
from gateway.storage.vault import KEY_VARIABLE

_SECRET = re.compile(
    r"://[^\s/@\"']*:[^\s/@\"']+@"  # a URL with a password
    r"|-----BEGIN"
    r"|whsec_[A-Za-z0-9+/]{8}"
    r"|(?:password|passwd|secret|token|api_?key|access_?key|master_?key|gateway_key)[\"']?\s*[:=]\s*[\"']?[^\s\"'#]{8}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """The files by their names below the data folder, and in words what was ``left_out`` and why."""

    files: Mapping[str, bytes]
    left_out: tuple[str, ...]


def own_settings(folder: DataFolder) -> OwnSettings:
    """Return what the shop has set. Raises OSError when a file cannot be read."""
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    key = _key_text(folder)
    for name, path in _paths(folder):
        content = path.read_bytes()
        line = _secret_line(content, key)
        if line is None:
            files[name] = content
        else:
            left_out.append(
                f"{name} is NOT in this file: line {line} looks like a secret. Take it out, and back up again."
            )
    return OwnSettings(files, tuple(left_out))


def has_settings(folder: DataFolder) -> bool:
    """Tell whether the folder has settings of a shop, or its database: it is not a new one then."""
    return folder.database.exists() or next(_paths(folder), None) is not None


def _paths(folder: DataFolder) -> Iterator[tuple[str, Path]]:
    for path in (folder.configuration, folder.automations):
        if path.is_file():
            yield path.name, path
    if folder.rules.is_dir():
        yield from ((f"{folder.rules.name}/{each.name}", each) for each in sorted(folder.rules.glob("*.yaml")))


def _key_text(folder: DataFolder) -> str:
    told = os.environ.get(KEY_VARIABLE) or (folder.key.read_text("utf-8", "replace") if folder.key.is_file() else "")
    return told.strip()


def _secret_line(content: bytes, key: str) -> int | None:
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if _SECRET.search(line) or (key and key in line):
            return number
    return None
