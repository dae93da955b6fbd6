"""A simulator as a process, client libraries written by others as processes beside it, and what both then say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-clients" / "bin" / "python"
NODE_MODULES = HERE / "node" / "node_modules"
SET_UP = "`make test-clients` installs the clients"
OLDEST_NODE = (20, 6)  # the first that loads TypeScript sources through `--import`

RunClient = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Simulator:
    """One platform's simulator, through its control API."""

    base_url: str
    control_url: str

    def get(self, path: str, **query: Any) -> Any:
        return httpx.get(f"{self.control_url}/{path}", params=query).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        return httpx.post(f"{self.control_url}/{path}", json=body).raise_for_status().json()

    def now(self) -> int:
        return int(self.get("clock")["unix"])

    def make(self, **order: Any) -> str:
        return str(self.post("orders", order)["id"])

    def order(self, order_id: str) -> dict[str, Any]:
        return dict(self.get(f"orders/{order_id}"))

    def orders(self, store: str, since: int) -> list[dict[str, Any]]:
        """The truth of every order of `store` placed at `since` (unix seconds) or later."""
        answer = self.get("orders", limit=10_000)
        rows = answer if isinstance(answer, list) else answer["orders"]
        return [row for row in rows if row["store"] == store and row["times"]["created"] >= since]

    def writes(self, order_id: str) -> list[str]:
        """The operations the journal shows for an order, oldest first."""
        answer = self.get("effects")
        rows = answer if isinstance(answer, list) else answer["effects"]
        return [row["operation"] for row in rows if row["order_id"] == order_id]


@pytest.fixture
def simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A fresh simulator of the module's PLATFORM with 120 orders, on the real clock, as clients sign with theirs."""
    platform: str = request.module.PLATFORM
    command = Path(sys.executable).with_name("gateway-mocks")
    process = subprocess.Popen(
        [command, "--base-port", "0", "--platforms", platform, "--orders", "120", "--clock", "real"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"gateway-mocks did not start: {process.communicate()[1]}")
        yield Simulator(**json.loads(line)["platforms"][platform])
    finally:
        process.terminate()
        process.communicate(timeout=15)


@pytest.fixture
def run_python() -> RunClient:
    """Run `python/SCRIPT` where the client libraries are; its keyword arguments are what the script is given."""
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is not there: {SET_UP}", pytrace=False)
    return lambda script, **given: _run([PYTHON, HERE / "python" / script], given)


@pytest.fixture
def run_node() -> RunClient:
    """The same for `node/SCRIPT`. Skips where there is no Node.js, or one too old for the libraries."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("needs Node.js and npm; install Node.js 20.6 or newer and repeat")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in said.removeprefix("v").split(".")[:2]) < OLDEST_NODE:
        pytest.skip(f"needs Node.js 20.6 or newer, found {said}")
    if not NODE_MODULES.exists():
        pytest.fail(f"{NODE_MODULES} is not there: {SET_UP}", pytrace=False)
    command = [node, "--require", HERE / "node" / "loopback.cjs", "--import", "tsx"]
    return lambda script, **given: _run([*command, HERE / "node" / script], given)


def _run(command: list[str | Path], given: dict[str, Any]) -> dict[str, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        command,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=HERE / "node",
        env={**clean, "PYTHONWARNINGS": "ignore"},
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(
            f"{Path(command[-1]).name} ended with {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False
        )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))
