"""``--help`` is quick and complete, and the exit codes are what it says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway import errors
from gateway.cli.exits import exit_for, exit_for_kind

COMMANDS = [
    [],
    ["init"],
    ["serve"],
    ["sync"],
    ["resolve"],
    ["decide"],
    ["rules"],
    ["rules", "list"],
    ["rules", "show"],
    ["rules", "at"],
    ["rules", "diff"],
    ["rules", "replay"],
    ["stop-effects"],
    ["backup"],
    ["restore"],
    ["doctor"],
    ["demo"],
    ["version"],
    ["db"],
    ["db", "upgrade"],
    ["stores"],
    ["stores", "connect"],
    ["stores", "add"],
    ["stores", "list"],
    ["stores", "check"],
    ["stores", "mode"],
    ["apps"],
    ["apps", "add"],
    ["apps", "list"],
    ["apps", "push"],
    ["events"],
    ["events", "list"],
    ["events", "show"],
    ["events", "replay"],
    ["orders"],
    ["orders", "list"],
    ["orders", "show"],
    ["orders", "erase"],
    ["today"],
    ["ship"],
    ["tracking"],
    ["tracking", "set"],
    ["accept"],
    ["reject"],
    ["offer"],
    ["contact"],
    ["contact", "show"],
    ["contact", "sent"],
    ["contact", "reply"],
    ["contact", "ticket"],
    ["contact", "draft"],
    ["evidence"],
    ["evidence", "add"],
    ["evidence", "list"],
    ["evidence", "verify"],
    ["evidence", "get"],
    ["evidence", "sheet"],
    ["evidence", "pack"],
    ["facts"],
    ["facts", "set"],
    ["facts", "import"],
    ["facts", "list"],
    ["message"],
    ["message", "check"],
    ["message", "write"],
    ["quota"],
    ["health"],
    ["closes"],
    ["closes", "list"],
    ["closes", "release"],
    ["points"],
    ["points", "add"],
    ["points", "pull"],
    ["points", "list"],
    ["appeals"],
    ["appeals", "open"],
    ["appeals", "settle"],
    ["appeals", "list"],
    ["platforms"],
    ["new-platform"],
    ["purchases"],
    ["purchases", "link"],
    ["purchases", "unlink"],
    ["purchases", "import"],
    ["purchases", "discover"],
    ["purchases", "list"],
    ["quarantine"],
    ["quarantine", "list"],
    ["quarantine", "retry"],
]

HEAVY = {"sqlalchemy", "aiohttp", "httpx", "alembic", "cryptography", "apprise"}


def test_no_help_loads_what_only_the_work_needs() -> None:
    script = f"""
import sys
from gateway.bootstrap import main
for command in {COMMANDS!r}:
    sys.argv = ["gateway", *command, "--help"]
    try:
        main()
    except SystemExit as end:
        assert end.code in (0, None), (command, end.code)
    else:
        raise AssertionError(command)
loaded = sorted({HEAVY!r} & set(sys.modules))
assert not loaded, loaded
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if command])
def test_every_command_is_there_and_takes_the_global_options(gateway, command) -> None:
    ended = gateway(*command, "--help")
    assert ended.code == 0
    if command not in (
        ["db"],
        ["stores"],
        ["apps"],
        ["orders"],
        ["quarantine"],
        ["tracking"],
        ["facts"],
        ["closes"],
        ["points"],
        ["appeals"],
        ["events"],
        ["message"],
        ["purchases"],
        ["evidence"],
        ["contact"],
        ["rules"],
    ):
        for option in ("--data", "--json", "--clock", "--log-level"):
            assert option in ended.out


def test_help_tells_the_exit_codes(gateway) -> None:
    told = gateway("--help").out
    for code in ("0", "1", "2", "3", "4", "5", "6", "70", "130"):
        assert f" {code}  " in told


def test_a_wrong_option_is_wrong_usage(gateway) -> None:
    assert gateway("orders", "list", "--no-such").code == 2
    assert gateway("sync", "--once", "--now").code == 2
    assert gateway("sync", "--since", "yesterday").code == 2
    assert gateway("resolve", "1", "--reason", "because").code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), 4),
        (errors.Refused("x"), 1),
        (errors.InvalidRequest("x"), 1),
        (errors.NotFound("x"), 1),
        (errors.Conflict("x"), 1),
        (errors.NotAllowed("x"), 1),
        (errors.NeedsApproval("x"), 3),
        (errors.NeedsEvidence("x"), 3),
        (errors.NoRuleKnown("x"), 3),
        (errors.StoreDisconnected("x"), 6),
        (errors.TokenExpired("x"), 6),
        (errors.MissingScope("x"), 6),
        (errors.RateLimited("x"), 5),
        (errors.NotSent("x"), 5),
        (errors.OutcomeUnknown("x"), 5),
        (errors.DataError("x"), 2),
        (errors.BadSignature("x"), 2),
        (RuntimeError("x"), 70),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_error_decides_the_exit_code(error, code) -> None:
    assert exit_for(error) == code
    if isinstance(error, errors.GatewayError):
        assert exit_for_kind(type(error).__name__) == code


def test_a_fault_shows_no_words_of_the_error_but_debug_shows_all(gateway, monkeypatch) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("call 0123456789 about the parcel")

    monkeypatch.setattr("gateway.operations.initialise.initialise", broken)
    ended = gateway("init")
    assert ended.code == 70
    assert "RuntimeError" in ended.err
    assert "0123456789" not in ended.err + ended.out
    assert "Traceback" not in ended.err
    assert "Traceback" in gateway("init", "--log-level", "debug").err
    told = gateway("init", "--json")
    assert told.json["error"]["kind"] == "Fault"
    assert told.json["error"]["exit_code"] == 70
