"""Finding titles by the words in them.

Titles are compared folded (`gateway.storage.titles`). A word is found wherever it stands in a title, also within a
longer word, for Chinese and Japanese put no spaces between words.

Each different title stands once in `titles`. An FTS5 table over it, cut into trigrams, narrows the search where
SQLite can make one; `prepare` looks at every start. Where it cannot, and for words of one or two characters, which
hold no trigram, all different titles are read through: the same titles are found, in time that grows with their
number (not with that of the orders). PostgreSQL always reads them through: its trigrams are an extension that many
servers lack.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache

from sqlalchemy import Connection, Integer, Select, column, literal_column, select, table

from gateway.storage.schema import titles
from gateway.storage.statements import place_of

_TABLE = "titles_trigrams"
_TRIGGER = "titles_trigrams_follow"
_SHORTEST = 3  # characters of a trigram
_CREATE = (
    "create virtual table titles_trigrams using fts5"
    "(folded, content='titles', content_rowid='key', tokenize='trigram case_sensitive 1')",
    # a trigger, so that whoever stores a title need not know whether the table is there
    "create trigger titles_trigrams_follow after insert on titles begin "
    "insert into titles_trigrams(rowid, folded) values (new.key, new.folded); end",
    "insert into titles_trigrams(titles_trigrams) values ('rebuild')",
)


def prepare(connection: Connection, *, anew: bool = False) -> bool:
    """Make the trigram table where SQLite can and it is missing; return whether it is there now.

    Where SQLite cannot, and another one made the table before, it is no longer fed, so that titles can be stored.
    ``anew`` makes it again from the titles.
    """
    if connection.dialect.name != "sqlite":
        return False
    there = has_trigrams(connection)
    able = _able(connection)
    if there and able and not anew:
        return True
    connection.exec_driver_sql(f"drop trigger if exists {_TRIGGER}")
    if not able:
        return False
    connection.exec_driver_sql(f"drop table if exists {_TABLE}")
    for statement in _CREATE:
        connection.exec_driver_sql(statement)
    return True


def has_trigrams(connection: Connection) -> bool:
    """Return whether the trigram table is there and follows the titles."""
    if connection.dialect.name != "sqlite":
        return False
    found = connection.exec_driver_sql(
        "select 1 from sqlite_master where type = 'trigger' and name = ?", (_TRIGGER,)
    ).first()
    return found is not None


def titles_with(connection: Connection, words: Sequence[str]) -> Select[tuple[int]]:
    """Return "the keys of the titles that hold every one of ``words``", which are folded and not empty."""
    long = [word for word in words if len(word) >= _SHORTEST]
    use = bool(long) and has_trigrams(connection) and _able(connection)
    read = [word for word in words if not use or len(word) < _SHORTEST]
    statement = select(titles.c.key).where(*(place_of(titles.c.folded, word) > 0 for word in read))
    if not use:
        return statement
    phrases = " AND ".join('"' + word.replace('"', '""') + '"' for word in long)
    trigrams = table(_TABLE, column("rowid", Integer))
    matching = select(trigrams.c.rowid).where(literal_column(_TABLE).op("MATCH")(phrases))
    return statement.where(titles.c.key.in_(matching)) if read else matching


def _able(connection: Connection) -> bool:
    """Return whether this SQLite has FTS5 with the trigram tokenizer; tried once a process."""
    if connection.dialect.name != "sqlite":
        return False
    return _sqlite_able()


@lru_cache(maxsize=1)
def _sqlite_able() -> bool:
    with closing(sqlite3.connect(":memory:")) as probe:
        try:
            probe.execute("create virtual table probe using fts5(x, tokenize='trigram case_sensitive 1')")
        except sqlite3.OperationalError:
            return False
    return True
