"""The do-it-yourself receiver in its tuned form: FastAPI on uvicorn, SQLAlchemy's async engine, a commit a request."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import create_async_engine

from tests.bench.receiver import KEY, URL

metadata = MetaData()
pushes = Table(
    "pushes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery", String(64), unique=True),
    Column("body", LargeBinary),
)


async def serve(folder: Path, ready: Callable[[int], Awaitable[None]]) -> None:
    """Serve until ``ready`` returns. One connection: more of them only wait for each other's lock."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'peer.db'}", pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def _settings(connection, _record) -> None:
        for setting in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {setting}").close()

    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    app = FastAPI(openapi_url=None)

    @app.post("/webhooks/{platform}")
    async def take(platform: str, request: Request) -> Response:
        body = await request.body()
        expected = hmac.digest(KEY.encode(), URL.encode() + b"|" + body, "sha256").hex()
        if not hmac.compare_digest(expected, request.headers.get("authorization", "")):
            return Response(status_code=401)
        row = {"delivery": hashlib.sha256(body).hexdigest(), "body": body}
        async with engine.begin() as connection:
            await connection.execute(insert(pushes).on_conflict_do_nothing(), row)
        return Response(status_code=200)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    await ready(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    await serving
    await engine.dispose()
