"""Wishes that come together are met by one act, and fail each for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from gateway.errors import DataError
from gateway.storage.database import Database
from gateway.storage.joined import Joined


async def test_wishes_of_one_moment_share_an_act_and_later_ones_the_next(database: Database) -> None:
    acts: list[list[int]] = []

    def act(connection: Connection, wishes: Sequence[int]) -> list[int]:
        acts.append(list(wishes))
        return [connection.execute(text("select 1")).scalar_one() + each for each in wishes]

    double = Joined(database.read, act, most=3)
    assert await asyncio.gather(*(double(each) for each in range(7))) == [each + 1 for each in range(7)]
    assert acts == [[0, 1, 2], [3, 4, 5], [6]]
    assert await double(9) == 10
    assert acts[-1] == [9]


async def test_a_wish_that_cannot_be_met_fails_alone_and_leaves_nothing_behind(database: Database) -> None:
    await database.write(lambda c: c.execute(text("create table seen (number integer)")) and None)

    def act(connection: Connection, wishes: Sequence[int]) -> list[int]:
        for each in wishes:
            connection.execute(text("insert into seen values (:number)"), {"number": each})
            if each == 2:
                raise DataError("not this one")
        return list(wishes)

    note = Joined(database.write, act)
    told = await asyncio.gather(*(note(each) for each in range(4)), return_exceptions=True)
    assert isinstance(told[2], DataError)
    assert [told[0], told[1], told[3]] == [0, 1, 3]
    stored = await database.read(lambda c: c.execute(text("select number from seen order by number")).scalars().all())
    assert stored == [0, 1, 3]


async def test_a_database_that_fails_them_all_is_not_asked_again_for_each(database: Database) -> None:
    tries = 0

    def act(_: Connection, wishes: Sequence[int]) -> list[int]:
        nonlocal tries
        tries += 1
        raise OperationalError("insert", {}, Exception("disk full"))

    wish = Joined(database.write, act)
    told = await asyncio.gather(*(wish(each) for each in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [OperationalError] * 3
    assert tries == 1


async def test_a_caller_that_is_cancelled_leaves_the_others_their_results(database: Database) -> None:
    met: list[int] = []

    def act(_: Connection, wishes: Sequence[int]) -> list[int]:
        met.extend(wishes)
        return list(wishes)

    wish = Joined(database.write, act)
    asked = [asyncio.create_task(wish(each)) for each in range(3)]
    await asyncio.sleep(0)  # they have asked, and nothing has been met
    asked[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked[1]
    assert [await asked[0], await asked[2]] == [0, 2]
    assert met == [0, 2]


async def test_whoever_waits_is_told_of_whatever_ends_the_act(database: Database) -> None:
    class Killed(BaseException):
        """Not an error that anybody catches by the way."""

    def act(_: Connection, wishes: Sequence[int]) -> list[int]:
        raise Killed

    wish = Joined(database.read, act)
    told = await asyncio.gather(wish(1), wish(2), return_exceptions=True)
    assert [type(each) for each in told] == [Killed, Killed]
