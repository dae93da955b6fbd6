"""G1: a receiver killed with SIGKILL in mid-stream has on disk whatever it acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import signal
import sqlite3
import sys
from pathlib import Path

import aiohttp
import pytest

from gateway.bootstrap import running
from gateway.model.store import AppSecret
from gateway.operations import receiving
from gateway.operations.apps import add_app
from gateway.operations.context import DataFolder
from gateway.operations.initialise import initialise

pytestmark = pytest.mark.slow  # real processes, killed

LIMIT = 60  # seconds a machine with other work may need
KEY = "a key of pushes"


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder with one app whose platform answers nothing."""
    folder = DataFolder(tmp_path / "data")
    await initialise(folder, {})
    folder.configuration.write_text("listen: 127.0.0.1:0\n")
    async with running(folder.path) as context:
        secret = AppSecret(sign_key="sign", push_key=KEY)
        await add_app(context, name="demo", platform="shopee", key="1", secret=secret, base_url="http://127.0.0.1:9")
    return folder.path


async def receiver(data: Path) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from gateway.bootstrap import main; main()",
        "--data",
        str(data),
        "serve",
        "--role",
        "receiver",
        "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), LIMIT)
    told = json.loads(line)
    assert told["roles"] == ["receiver"]
    return process, told["address"]


class Platform:
    """Sends pushes as fast as it can and remembers which were acknowledged."""

    def __init__(self) -> None:
        self.sent = 0
        self.acknowledged: set[str] = set()

    async def send(self, session: aiohttp.ClientSession, url: str) -> None:
        """Push until the receiver is gone."""
        while True:
            self.sent += 1
            body = json.dumps({"code": 3, "shop_id": 1, "timestamp": self.sent, "data": {"ordersn": "A"}}).encode()
            sign = hmac.new(KEY.encode(), url.encode() + b"|" + body, hashlib.sha256).hexdigest()
            try:
                async with session.post(url, data=body, headers={"Authorization": sign}) as answer:
                    assert await answer.read() == b""
                    if answer.status == 200:
                        self.acknowledged.add(hashlib.sha256(b"demo\n" + body).hexdigest())
            except (aiohttp.ClientError, OSError):
                return


async def stored(data: Path) -> set[str]:
    """Return the hashes of what is on disk, as the next gateway to run reads them."""
    async with running(data) as context:
        await receiving.processor(context).drain()
    with contextlib.closing(sqlite3.connect(data / "gateway.db")) as connection:
        return {row[0] for row in connection.execute("select delivery from inbox")}


async def test_no_acknowledged_push_is_lost(data: Path) -> None:
    platform = Platform()
    for round_ in range(1, 4):
        process, address = await receiver(data)
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(LIMIT):
                url = f"{address}/webhooks/shopee"
                senders = [asyncio.create_task(platform.send(session, url)) for _ in range(24)]
                while len(platform.acknowledged) < 400 * round_:
                    await asyncio.sleep(0.001)
                    assert process.returncode is None
                process.send_signal(signal.SIGKILL)  # with 24 pushes on their way
                await asyncio.gather(*senders)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        on_disk = await stored(data)
        assert platform.acknowledged <= on_disk, f"{len(platform.acknowledged - on_disk)} acknowledged pushes are lost"
    assert len(platform.acknowledged) >= 1200
    assert platform.sent >= len(on_disk)
