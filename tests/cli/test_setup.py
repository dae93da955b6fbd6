"""Making a data folder, and what a broken one says."""

from __future__ import annotations

import stat
from importlib.metadata import version

from typer.testing import CliRunner

from gateway.storage.process_lock import ProcessLock


def _mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_a_folder_that_only_its_user_can_read(gateway) -> None:
    told = gateway.done("init")
    assert told["made"] == ["folder", "gateway.yaml", "master.key", "gateway.db"]
    assert _mode(gateway.data) == 0o700
    assert _mode(gateway.data / "master.key") == 0o600
    assert gateway("doctor").code == 0


def test_init_twice_changes_nothing(made) -> None:
    (made.data / "gateway.yaml").write_text("listen: 127.0.0.1:9999\n")
    before = {name: (made.data / name).read_bytes() for name in ("gateway.yaml", "master.key", "gateway.db")}
    told = made.done("init")
    assert told["made"] == []
    assert told["kept"] == ["folder", "gateway.yaml", "master.key", "gateway.db"]
    assert {name: (made.data / name).read_bytes() for name in before} == before


def test_init_makes_no_new_key_for_an_old_database(made) -> None:
    (made.data / "master.key").unlink()
    ended = made("init")
    assert ended.code == 4
    assert "master.key back" in ended.err
    assert not (made.data / "master.key").exists()


def test_init_with_the_key_in_the_environment_writes_none(gateway) -> None:
    key = {"ORDER_GATEWAY_KEY": "c2FtcGxlLWtleS1vZi10aGlydHktdHdvLWJ5dGVzISE="}
    told = gateway.done("init", env=key)
    assert "ORDER_GATEWAY_KEY" in told["key_in"]
    assert not (gateway.data / "master.key").exists()
    assert gateway("stores", "list", env=key).code == 0
    assert gateway("stores", "list").code == 4


def test_without_a_data_folder_every_command_names_init(gateway) -> None:
    for command in (["stores", "list"], ["orders", "list"], ["sync"], ["db", "upgrade"], ["stop-effects"]):
        ended = gateway(*command)
        assert ended.code == 4, command
        assert "gateway init" in ended.err
        assert "Traceback" not in ended.err
    assert gateway("doctor").code == 4


def test_a_broken_configuration_names_file_line_field_and_fix(made) -> None:
    (made.data / "gateway.yaml").write_text("listen: 127.0.0.1:8600\nsync:\n  every: often\n")
    ended = made("stores", "list")
    assert ended.code == 4
    for word in ("gateway.yaml", "3", "sync.every", "a whole number and a unit"):
        assert word in ended.err
    told = made("doctor", "--json")
    assert told.code == 4
    wrong = next(each for each in told.json if each["check"] == "configuration")
    assert wrong["state"] == "fail"
    assert "sync.every" in wrong["found"]


def test_an_unknown_setting_is_named(made) -> None:
    (made.data / "gateway.yaml").write_text("sync:\n  evry: 1m\n")
    ended = made("stores", "list")
    assert ended.code == 4
    assert "sync.evry" in ended.err
    assert "no such setting" in ended.err


def test_a_key_open_to_others_is_refused(made) -> None:
    (made.data / "master.key").chmod(0o644)
    ended = made("stores", "list")
    assert ended.code == 4
    assert "chmod 600" in ended.err


def test_a_second_process_is_refused_and_told_about_postgresql(made, monkeypatch) -> None:
    monkeypatch.setattr("gateway.operations.remote.asking.PATIENCE", 0.1)
    other = ProcessLock(made.data / "gateway.lock")
    other.take()
    try:
        for command in (["sync"], ["serve"], ["quarantine", "retry"], ["stores", "check"]):
            ended = made(*command)
            assert ended.code == 4, command
            assert "PostgreSQL" in ended.err
            assert "pid" in ended.err
        for command in (["stores", "list"], ["orders", "list"], ["apps", "list"], ["quarantine", "list"], ["doctor"]):
            assert made(*command).code == 0, command
        assert made.done("stop-effects") == {"everywhere": True, "stores": []}
    finally:
        other.release()
    assert made("sync").code == 0


def test_db_upgrade_says_when_there_is_nothing_to_do(made) -> None:
    told = made.done("db", "upgrade")
    assert told["before"] == told["after"]


def test_db_upgrade_makes_the_tables_of_an_empty_database(made) -> None:
    for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
        (made.data / name).unlink(missing_ok=True)
    assert made("stores", "list").code == 4
    told = made.done("db", "upgrade")
    assert told["before"] is None
    assert made.done("stores", "list") == []


def test_version_is_the_installed_one(gateway) -> None:
    assert gateway("version").out.strip() == version("order-gateway")
    assert gateway("version", "--json").json == {"version": version("order-gateway")}


def test_global_options_stand_before_or_behind_the_command(made) -> None:
    assert made("--json", "stores", "list").json == []
    assert made("stores", "list", "--json").json == []
    assert made("stores", "--data", made.data, "list").code == 2
    assert made("stores", "list", "--data", made.data / "elsewhere").code == 4


def test_the_data_folder_may_come_from_the_environment(made) -> None:
    ended = CliRunner().invoke(made.app, ["stores", "list", "--json"], env={"ORDER_GATEWAY_DATA": str(made.data)})
    assert ended.exit_code == 0
    assert ended.stdout.strip() == "[]"
