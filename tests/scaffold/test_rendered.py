"""A platform as it is rendered, in a copy of this project: formatted, typed, its contract kept, and connected."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("gateway", "adapters", "mocks", "tests/kit")
NAME = "north_star"
FOLDERS = [f"{where}/{NAME}" for where in ("adapters", "mocks", "tests/adapters", "tests/mocks")]
LIMIT = 280  # seconds a busy machine may need for the slowest of them


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the project. What runs in it imports the copy, and nothing of what runs here."""

    folder: Path

    def start(self, *arguments: str, **secrets: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ORDER_GATEWAY_"))}
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=kept | secrets | {"PYTHONPATH": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **secrets: str) -> str:
        with self.start(*arguments, **secrets) as process:
            try:
                out, err = process.communicate(timeout=LIMIT)
            finally:
                process.kill()
        assert process.returncode == 0, f"{' '.join(arguments)}\n{out[-4000:]}\n{err[-4000:]}"
        return out

    def gateway(self, *arguments: str, **secrets: str) -> Any:
        script = "from gateway.bootstrap import main; main()"
        return json.loads(self.run("-c", script, *arguments, "--data", "data", "--json", **secrets))


def copy_with_a_platform(folder: Path) -> Checkout:
    for part in COPIED:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "tests/conftest.py"):
        shutil.copyfile(ROOT / file, folder / file)
    checkout = Checkout(folder)
    made = checkout.gateway("new-platform", NAME)
    assert made["folders"] == FOLDERS
    return checkout


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_with_a_platform(tmp_path_factory.mktemp("checkout"))


def test_it_is_formatted_and_without_lint(rendered: Checkout) -> None:
    registers = ["gateway/registry.py", "mocks/kit/running.py"]
    rendered.run("-m", "ruff", "format", "--no-cache", "--check", *FOLDERS, *registers)
    rendered.run("-m", "ruff", "check", "--no-cache", "--no-fix", *FOLDERS, *registers)


@pytest.mark.parametrize("name", ["a", "zz_top", "the_longest_of_all_names"])
def test_so_it_is_under_any_name(rendered: Checkout, name: str) -> None:
    """Lines hang on the length of a name, the order of imports on its first letter."""
    rendered.gateway("new-platform", name)
    folders = [folder.replace(NAME, name) for folder in FOLDERS]
    rendered.run("-m", "ruff", "format", "--no-cache", "--check", *folders)
    rendered.run("-m", "ruff", "check", "--no-cache", "--no-fix", *folders)


def test_it_keeps_to_the_layers(rendered: Checkout) -> None:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert "0 broken" in rendered.run("-c", script, "--no-cache")


@pytest.mark.slow
def test_its_types_are_strict(rendered: Checkout) -> None:
    told = rendered.run("-m", "mypy", "--strict", *FOLDERS[:2], "gateway/registry.py", "mocks/kit/running.py")
    assert "Success" in told


@pytest.mark.slow
def test_its_contract_and_its_simulators_tests_are_green(rendered: Checkout) -> None:
    told = rendered.run("-m", "pytest", *FOLDERS[2:], "-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    *_, last = told.strip().splitlines()
    passed, skipped = last.split(" passed, ")
    assert int(passed) > 250, "the whole suite"
    assert skipped.startswith("4 skipped"), "those that need a real shop's credentials"


@pytest.fixture
def simulator(rendered: Checkout) -> Iterator[str]:
    """Serve it as `gateway-mocks` does; return its address."""
    with rendered.start("-m", "mocks.serve", "--base-port", "0", "--platforms", NAME, "--orders", "24") as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["platforms"][NAME]["base_url"]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.slow
def test_a_gateway_connects_it_without_a_word_of_it_in_the_core(rendered: Checkout, simulator: str) -> None:
    with httpx.Client(base_url=f"{simulator}/_mock", trust_env=False, timeout=30) as control:
        told = control.get("/credentials").json()
        code, (shop, _) = told["auth_codes"][0], told["stores"]
        rendered.gateway("init")
        app = ("--platform", NAME, "--key", told["app_key"], "--base-url", simulator, "--secret-env", "SECRET")
        rendered.gateway("apps", "add", "north", *app, SECRET=told["app_secret"])
        rendered.gateway("stores", "connect", "--app", "north", "--code", code)
        order = control.post("/orders", json={"store": shop["shop_id"]}).json()["id"]
        rendered.gateway("sync")
        store = f"{NAME}-{shop['shop_id']}"
        listed = rendered.gateway("orders", "list", "--store", store)["orders"]
        mine = {row["id"]: row["phase"] for row in control.get("/orders").json() if row["store"] == shop["shop_id"]}
    assert {row["order_id"]: row["phase"] for row in listed} == mine
    resolved = rendered.gateway("resolve", order, "--store", store, "--reason", "out_of_stock", "--dry-run")
    assert resolved["decision"]["action"] == "ask_person", "no rule permits anything on a platform without rules"
    assert resolved["phase"] == "awaiting_shipment"


ENTRY_POINTS = f"""\
[order_gateway.adapters]
{NAME} = adapters.{NAME}:adapter
[order_gateway.simulators]
{NAME} = mocks.{NAME}.simulator:NorthStarSimulator
"""


@pytest.mark.slow
def test_an_installed_package_joins_by_its_entry_points(tmp_path: Path) -> None:
    """As a package of its own would: what is installed says so, and no file of this project names it."""
    checkout = copy_with_a_platform(tmp_path)
    for register in ("gateway/registry.py", "mocks/kit/running.py"):
        shutil.copyfile(ROOT / register, tmp_path / register)
    assert NAME not in checkout.gateway("platforms")
    installed = tmp_path / f"{NAME}-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1\n", "utf-8")
    (installed / "entry_points.txt").write_text(ENTRY_POINTS, "utf-8")
    assert checkout.gateway("platforms")[NAME]["seller_close"] == "api"
    told = checkout.run(
        "-m", "pytest", *FOLDERS[2:], "-q", "-p", "no:cacheprovider", "-k", "check_01 or check_04 or calls"
    )
    assert " passed" in told.splitlines()[-1]
