"""A process that dies by SIGKILL in the middle of its writes has kept every write it was told is done."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from gateway.storage.database import Database
from gateway.storage.schema import gaps

CHILD = """
import asyncio, itertools, sys
from pathlib import Path
from sqlalchemy import insert
from gateway.storage.database import Database
from gateway.storage.schema import gaps

numbers = itertools.count()

def put(number):
    def act(connection):
        for part in ("a", "b"):  # both or neither
            row = {"store": part, "order_id": str(number), "stream": "orders", "updated_at": 1, "found_at": 1}
            connection.execute(insert(gaps), row)
    return act

async def writes(database):
    while True:
        number = next(numbers)
        await database.write(put(number))
        print(number, flush=True)

async def main():
    database = Database.open(sys.argv[1], lock=Path(sys.argv[2]))
    await asyncio.gather(*(writes(database) for _ in range(20)))

asyncio.run(main())
"""


def killed_in_mid_write(url: str, lock: Path, acknowledged: int) -> set[int]:
    """Run the child until it has told so many writes, kill it, and return every write it told."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(lock)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        told = [child.stdout.readline() for _ in range(acknowledged)]
        child.kill()  # while the others go on
        told += child.stdout.readlines()  # by the same reader: what it holds already begins in mid-line for another
        errors = child.stderr.read()
    assert child.returncode == -signal.SIGKILL, errors
    # a line cut in the middle by the kill was not told
    return {int(line) for line in told if line.endswith("\n")}


@pytest.mark.parametrize("acknowledged", [1, 150, 700])
async def test_every_acknowledged_write_is_there(url, tmp_path, acknowledged):
    promised = await asyncio.to_thread(killed_in_mid_write, url, tmp_path / "lock", acknowledged)
    assert len(promised) >= acknowledged

    database = Database.open(url, lock=tmp_path / "lock")  # the dead process no longer holds the lock
    try:
        stored = await database.read(
            lambda c: c.execute(select(gaps.c.order_id, func.count()).group_by(gaps.c.order_id)).all()
        )
        assert promised <= {int(number) for number, _ in stored}
        assert {parts for _, parts in stored} == {2}
        if database.backend == "sqlite":
            assert await database.read(lambda c: c.execute(text("pragma integrity_check")).scalar_one()) == "ok"
        row = {"store": "s", "order_id": "after", "stream": "orders", "updated_at": 1, "found_at": 1}
        await database.write(lambda c: c.execute(insert(gaps), row).rowcount)
    finally:
        await database.close()
