"""The peer's side of the pull: dlt's `rest_api` source into SQLite, merged on the order number.

`python -m tests.bench.peer --url http://127.0.0.1:1234 --orders 20000 --folder DIR` prints what it took as JSON.
Settings are dlt's own defaults, but for one writer instead of twenty; its telemetry is off.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import time
from importlib import import_module
from pathlib import Path

from tests.bench import payload
from tests.bench.processes import cpu_seconds


def pull(url: str, folder: Path) -> tuple[float, float]:
    """Pull all orders of the canned server into a new database in ``folder``; return seconds and seconds of CPU."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["LOAD__WORKERS"] = "1"  # SQLite has one writer: several wait for each other's lock and are slower
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"  # it warns of columns that hold nothing but null
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
    dlt = import_module("dlt")
    destinations = import_module("dlt.destinations")
    rest_api = import_module("dlt.sources.rest_api")
    import_module("dlt.destinations.impl.sqlalchemy.factory")
    import_module("dlt.destinations.impl.sqlalchemy.sqlalchemy_job_client")
    wall, cpu = time.perf_counter(), cpu_seconds()
    source = rest_api.rest_api_source(
        {
            "client": {
                "base_url": url,
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "response.next_cursor",
                    "cursor_param": "cursor",
                },
            },
            "resources": [
                {
                    "name": "orders",
                    "primary_key": "order_sn",
                    "write_disposition": "merge",
                    "endpoint": {"path": "whole_orders", "data_selector": "response.order_list"},
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
        dataset_name="main",
    )
    outcome = pipeline.run(source)
    outcome.raise_on_failed_jobs()
    return time.perf_counter() - wall, cpu_seconds() - cpu


def check(folder: Path, count: int) -> None:
    """Raise AssertionError unless all is stored."""
    with sqlite3.connect(folder / "dlt.db") as connection:
        orders, lines = (
            connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in ("orders", "orders__item_list")
        )
        i = 12
        total = connection.execute(
            "select total_amount from orders where order_sn = ?", (payload.order_sn(i),)
        ).fetchone()[0]
    connection.close()
    if (orders, lines, total) != (count, 2 * count, payload.order(i)["total_amount"]):
        raise AssertionError(f"dlt stored {orders} orders, {lines} lines and a total of {total}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    wall, cpu = pull(arguments.url, arguments.folder)
    check(arguments.folder, arguments.orders)
    print(json.dumps({"wall": wall, "cpu": cpu, "orders": arguments.orders}))


if __name__ == "__main__":
    main()
