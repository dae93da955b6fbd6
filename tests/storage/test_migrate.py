from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, insert, inspect, select, text

from gateway.errors import ConfigurationError
from gateway.storage import migrate, schema
from gateway.storage.database import Database
from gateway.storage.engines import Use, make_engine

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def fill(connection):
    """Put a row into every table, a value into every column."""
    for table in schema.metadata.sorted_tables:
        values: dict[str, object] = {}
        for column in table.columns:
            kind = column.type
            values[column.name] = (
                True
                if isinstance(kind, Boolean)
                else 2**40
                if isinstance(kind, BigInteger) and not column.primary_key
                else 7
                if isinstance(kind, Integer)
                else b"\x00bytes"
                if isinstance(kind, LargeBinary)
                else f"text of {column.name}"
            )
        connection.execute(insert(table), values)


def dump(connection):
    return {table.name: connection.execute(select(table)).all() for table in schema.metadata.sorted_tables}


async def test_the_tables_are_those_of_the_schema(database):
    def differences(connection):
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": schema.metadata}
        )
        return compare_metadata(context, schema.metadata)

    assert await database.read(differences) == []


async def test_names_of_constraints_and_partial_index(database):
    definition = {
        "sqlite": "select sql from sqlite_master where name = 'uq_effects_one_open'",
        "postgresql": "select indexdef from pg_indexes where indexname = 'uq_effects_one_open'",
    }[database.backend]
    found = await database.read(lambda c: c.execute(text(definition)).scalar_one())
    assert "UNIQUE INDEX" in found
    assert all(f"'{state}'" in found for state in ("committed", "calling", "unknown"))
    assert await database.read(lambda c: inspect(c).get_pk_constraint("orders")["name"]) == "pk_orders"


def test_up_down_and_up_again(empty_database_url):
    url = empty_database_url
    assert migrate.current(url) is None
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head() == "0007"
    engine = make_engine(url, Use.write)
    with engine.begin() as connection:
        fill(connection)
        before = dump(connection)
    engine.dispose()
    assert len(before) == 48
    assert all(len(rows) == 1 for rows in before.values())
    migrate.upgrade(url)  # at head already: nothing happens to the rows
    engine = make_engine(url, Use.write)
    with engine.begin() as connection:
        assert dump(connection) == before
    engine.dispose()
    migrate.downgrade(url, "base")
    assert migrate.current(url) is None
    engine = make_engine(url, Use.read)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()
    migrate.upgrade(url)
    engine = make_engine(url, Use.read)
    with engine.connect() as connection:
        assert all(rows == [] for rows in dump(connection).values())
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_half_done(empty_database_url):
    url = empty_database_url
    engine = make_engine(url, Use.write)
    with engine.begin() as connection:
        connection.execute(text("create table work (strange integer)"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match="already exists"):
        migrate.upgrade(url)
    engine = make_engine(url, Use.read)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["work"]
    engine.dispose()


async def test_a_database_without_tables_says_what_to_run(empty_database_url, tmp_path):
    database = Database.open(empty_database_url, lock=tmp_path / "lock")
    with pytest.raises(ConfigurationError, match="gateway db upgrade"):
        await database.read(migrate.check_at_head)
    await database.close()


async def test_a_database_at_head_is_accepted(database):
    await database.read(migrate.check_at_head)


async def test_a_database_of_a_newer_release(database, url):
    await database.write(lambda c: c.execute(text("update alembic_version set version_num = '9999'")))
    with pytest.raises(ConfigurationError, match="newer release"):
        await database.read(migrate.check_at_head)
    await database.close()
    with pytest.raises(ConfigurationError, match="newer release"):
        migrate.upgrade(url)


@only_sqlite
async def test_not_under_a_running_gateway(database, url, tmp_path):
    with pytest.raises(ConfigurationError, match="one process"):
        migrate.upgrade(url, lock=tmp_path / "lock")


def test_no_folder(tmp_path):
    with pytest.raises(ConfigurationError, match="does not exist"):
        migrate.upgrade(f"sqlite:///{tmp_path}/none/gateway.db")


def test_no_database(tmp_path):
    (tmp_path / "gateway.db").write_bytes(b"no database" * 100)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        migrate.upgrade(f"sqlite:///{tmp_path}/gateway.db")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        migrate.current(f"sqlite:///{tmp_path}/gateway.db")


def test_it_needs_no_file_in_the_working_folder(tmp_path):
    child = (
        "import sys\nfrom gateway.storage import migrate\n"
        "migrate.upgrade(sys.argv[1])\nprint(migrate.current(sys.argv[1]))"
    )
    root = Path(__file__).parents[2]
    folder = tmp_path / "50% odd folder"
    folder.mkdir()
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", child, f"sqlite:///{folder}/gateway.db"],
        cwd=folder,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "0007\n", "")
