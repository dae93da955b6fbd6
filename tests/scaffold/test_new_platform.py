"""What `gateway new-platform` takes and refuses, and that it writes all or nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gateway.errors import DataError
from gateway.operations.scaffold import new_platform

ROOT = Path(__file__).resolve().parents[2]
REGISTERS = ("gateway/registry.py", "mocks/kit/running.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with as much of a checkout as the command looks at."""
    for path in (*REGISTERS, "tests/kit/contract.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    return tmp_path


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_four_folders_are_made_and_two_files_name_the_platform(checkout: Path) -> None:
    before = everything(checkout)
    made = new_platform("north_star", checkout)
    after = everything(checkout)
    fresh = set(after) - set(before)
    assert len(fresh) == made.files
    assert {path.split("/north_star/")[0] for path in fresh} == {"adapters", "mocks", "tests/adapters", "tests/mocks"}
    assert {path for path in before if before[path] != after[path]} == set(REGISTERS) == set(made.registered)
    assert '    "north_star": "adapters.north_star:adapter",\n    "shopee":' in (checkout / REGISTERS[0]).read_text()
    last = '    "north_star": "mocks.north_star.simulator:NorthStarSimulator",\n}\n'
    assert last in (checkout / REGISTERS[1]).read_text(), "at the end, for the others keep their ports"
    assert {path.name[:1] for path in checkout.iterdir()} == {"a", "g", "m", "t"}, "nothing is left lying about"


def test_nothing_rendered_names_another_platform_or_keeps_a_gap(checkout: Path) -> None:
    new_platform("north_star", checkout)
    for path in checkout.rglob("*north_star*/**/*"):
        if path.is_file():
            text = path.read_text("utf-8")
            assert "$" not in text
            assert path.suffix in {".py", ".json", ".yaml", ".md"}


@pytest.mark.parametrize("file", ["client", "words", "mapping", "manifest", "faults", "pushes", "orders", "effects"])
def test_each_file_of_the_adapter_says_what_to_replace(checkout: Path, file: str) -> None:
    new_platform("north_star", checkout)
    assert "REPLACE" in (checkout / f"adapters/north_star/{file}.py").read_text("utf-8").split('"""')[1]


NO_NAMES = (
    "", "Shop", "my-shop", "my shop", "1shop", "_shop", "shop_", "a__b", "é", "x" * 25,
    "../x", "kit", "serve", "other", "import", "class",
)  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_none_is_refused(checkout: Path, name: str) -> None:
    before = everything(checkout)
    with pytest.raises(DataError, match="cannot name a platform"):
        new_platform(name, checkout)
    assert everything(checkout) == before


def test_what_is_there_is_not_overwritten(checkout: Path) -> None:
    (checkout / "mocks/north_star").mkdir()
    before = everything(checkout)
    with pytest.raises(DataError, match="There is mocks/north_star in"):
        new_platform("north_star", checkout)
    assert everything(checkout) == before


@pytest.mark.parametrize("register", REGISTERS)
def test_a_platform_that_is_registered_already_is_refused(checkout: Path, register: str) -> None:
    before = everything(checkout)
    name = "shopee"
    if register == REGISTERS[1]:
        name = "north_star"
        text = (checkout / register).read_text("utf-8")
        (checkout / register).write_text(text.replace("_OURS = {\n", '_OURS = {\n    "north_star": "x:y",\n'), "utf-8")
        before = everything(checkout)
    with pytest.raises(DataError, match=f"names a platform {name} already"):
        new_platform(name, checkout)
    assert everything(checkout) == before


@pytest.mark.parametrize("register", REGISTERS)
def test_a_register_of_another_shape_is_left_alone(checkout: Path, register: str) -> None:
    (checkout / register).write_text("_OURS = dict()\n", "utf-8")
    before = everything(checkout)
    with pytest.raises(DataError, match="no table `_OURS`"):
        new_platform("north_star", checkout)
    assert everything(checkout) == before


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no checkout of Order Gateway: it has no gateway/registry\.py"):
        new_platform("north_star", tmp_path)
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("step", range(6))
def test_a_disk_that_fails_half_way_leaves_what_was(checkout: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Four folders are moved to their places, then two files: each of the six may fail."""
    before, moves = everything(checkout), []

    def failing(real):
        def move(self: Path, target: Path) -> Path:
            moves.append(target)
            if len(moves) == step + 1:
                raise OSError(28, "No space left on device")
            return real(self, target)

        return move

    monkeypatch.setattr(Path, "rename", failing(Path.rename))
    monkeypatch.setattr(Path, "replace", failing(Path.replace))
    with pytest.raises(DataError, match=r"No space left on device\. Nothing was changed"):
        new_platform("north_star", checkout)
    assert len(moves) == step + 1
    assert everything(checkout) == before


def test_the_templates_are_in_the_wheel(tmp_path: Path) -> None:
    """Made with the build back-end itself, as `pip wheel` does."""
    script = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    built = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    templates = ROOT / "gateway/operations/scaffold/templates"
    ours = {str(path.relative_to(ROOT)) for path in templates.rglob("*.tmpl")}
    assert len(ours) > 30
    assert ours <= set(zipfile.ZipFile(wheel).namelist())
