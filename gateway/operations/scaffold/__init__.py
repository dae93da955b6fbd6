"""A new platform's skeleton: adapter, simulator and their tests, rendered into a checkout of this project.

The templates are an invented platform, small but whole, whose contract suite is green as rendered. They are kept true
by a test that renders one and runs its checks.
"""

from __future__ import annotations

import keyword
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from gateway.errors import DataError

FOLDERS: Mapping[str, str] = {
    "adapter": "adapters/{name}",
    "simulator": "mocks/{name}",
    "contract": "tests/adapters/{name}",
    "simulator_tests": "tests/mocks/{name}",
}
"""Folder of templates -> where its files go."""

_ADAPTERS, _SIMULATORS = "gateway/registry.py", "mocks/kit/running.py"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 24
_TAKEN = frozenset({"kit", "serve", "other"})  # `mocks.kit`, `mocks.serve`, and the policy's word for all others
_TABLE = re.compile(r"^_OURS = \{\n(?P<rows>(?:    .+\n)+)\}$", re.MULTILINE)
_SIMULATOR_IMPORTS = re.compile(r"(?:^ *from mocks\..+\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was made. ``folders`` and ``registered`` (files that name the platform now) are relative to the checkout."""

    platform: str
    folders: tuple[str, ...]
    files: int
    registered: tuple[str, ...]


def new_platform(name: str, into: Path) -> Rendered:
    """Render the skeleton of platform ``name`` into the checkout ``into``, and register it there.

    All of it or nothing. Raises DataError for a name that cannot be one, for a folder that is no checkout, and when
    something of the platform is there already.
    """
    _check(name, into)
    folders = {kind: folder.format(name=name) for kind, folder in FOLDERS.items()}
    there = [folder for folder in folders.values() if (into / folder).exists()]
    if there:
        raise DataError(f"There is {', '.join(there)} in {into} already. Choose another name, or move it away first.")
    rows = {
        _ADAPTERS: f'    "{name}": "adapters.{name}:adapter",\n',
        _SIMULATORS: f'    "{name}": "mocks.{name}.simulator:{_class(name)}Simulator",\n',
    }
    texts = {
        f"{folders[kind]}/{path}": text for kind in FOLDERS for path, text in _rendered(name, _templates(kind)).items()
    }
    tables = {path: _with_row(into, path, name, row) for path, row in rows.items()}
    _place(into, tuple(folders.values()), texts, tables)
    return Rendered(name, tuple(folders.values()), len(texts), tuple(tables))


def _check(name: str, into: Path) -> None:
    if _NAME.fullmatch(name) is None or len(name) > _LONGEST or keyword.iskeyword(name) or name in _TAKEN:
        raise DataError(
            f"{name!r} cannot name a platform: it becomes a Python package. Use snake_case of up to {_LONGEST} "
            f"letters and digits, like tiktok_shop; no word of Python's, and none of {', '.join(sorted(_TAKEN))}."
        )
    missing = [path for path in (_ADAPTERS, _SIMULATORS, "tests/kit/contract.py") if not (into / path).is_file()]
    if missing:
        raise DataError(
            f"{into} is no checkout of Order Gateway: it has no {missing[0]}. Name its folder with --into. "
            "(A package of its own is made from a rendered one; CONTRIBUTING.md says how.)"
        )


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _templates(kind: str) -> Traversable:
    return resources.files(__name__).joinpath("templates", kind)


def _rendered(name: str, folder: Traversable, under: str = "") -> dict[str, str]:
    """Return the text of every file that the templates in ``folder`` make, by its path."""
    title = " ".join(part.capitalize() for part in name.split("_"))
    words = {"name": name, "Class": _class(name), "title": title, "NAME": name.upper()}
    texts: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            texts |= _rendered(name, entry, f"{under}{entry.name}/")
        elif entry.name.endswith(".tmpl"):
            text = Template(entry.read_text("utf-8")).substitute(words)
            texts[under + entry.name.removesuffix(".tmpl")] = _SIMULATOR_IMPORTS.sub(_in_order, text)
    return texts


def _in_order(imports: re.Match[str]) -> str:
    """Sort imports by module: whether the platform's stand before those of `mocks.kit` hangs on its name."""
    return "".join(sorted(imports[0].splitlines(keepends=True), key=lambda line: line.split()[1]))


def _with_row(into: Path, path: str, name: str, row: str) -> str:
    """Return the file at ``path`` with one more row in its table: at its place by name, of simulators at the end."""
    text = (into / path).read_text("utf-8")
    table = _TABLE.search(text)
    if table is None:
        raise DataError(f"{path} has no table `_OURS` of the usual shape. Put it right, or register {name} by hand.")
    rows = table["rows"].splitlines(keepends=True)
    if any(each.startswith(f'    "{name}":') for each in rows):
        raise DataError(f"{path} names a platform {name} already. Choose another name, or take its line away first.")
    more = [*rows, row] if path == _SIMULATORS else sorted([*rows, row])
    return text[: table.start("rows")] + "".join(more) + text[table.end("rows") :]


def _place(into: Path, folders: tuple[str, ...], texts: Mapping[str, str], tables: Mapping[str, str]) -> None:
    """Write everything beside its place, then move it there; put back what was when that fails half-way."""
    before = {path: (into / path).read_bytes() for path in tables}
    placed: list[str] = []
    stage = Path(tempfile.mkdtemp(prefix=".new-platform-", dir=into))
    try:
        for path, text in {**texts, **tables}.items():
            (stage / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).write_text(text, "utf-8")
        for folder in folders:
            (into / folder).parent.mkdir(parents=True, exist_ok=True)
            (stage / folder).rename(into / folder)
            placed.append(folder)
        for path in tables:
            (stage / path).replace(into / path)
    except OSError as error:
        for folder in placed:
            shutil.rmtree(into / folder, ignore_errors=True)
        for path, content in before.items():
            (into / path).write_bytes(content)
        raise DataError(f"The skeleton cannot be written: {error.strerror}. Nothing was changed in {into}.") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
