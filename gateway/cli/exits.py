"""The exit codes, and which error ends in which."""

from __future__ import annotations

from enum import IntEnum

from gateway import errors


class Exit(IntEnum):
    """What a script can tell from the exit code. `MEANINGS` says each in words."""

    ok = 0
    failed = 1
    usage = 2
    person_needed = 3
    configuration = 4
    unavailable = 5
    credential = 6
    fault = 70
    interrupted = 130


MEANINGS = {
    Exit.ok: "done",
    Exit.failed: "refused: by the platform, by the rules in force, by the store's mode or a stop; or no such thing",
    Exit.usage: "wrong usage, or input that cannot be read",
    Exit.person_needed: "a person is needed: an approval, evidence, or a task the gateway cannot do",
    Exit.configuration: "the configuration, the key, the data folder or the database is not usable",
    Exit.unavailable: "the platform gave no usable answer, or what became of an effect is not known yet",
    Exit.credential: "the platform does not accept the credential: connect the store again",
    Exit.fault: "a fault of the gateway itself; repeat with --log-level debug and report it",
    Exit.interrupted: "interrupted",
}

# the first match counts
_BY_ERROR: tuple[tuple[type[errors.GatewayError], Exit], ...] = (
    (errors.ConfigurationError, Exit.configuration),
    (errors.NotAllowed, Exit.failed),
    (errors.PolicyError, Exit.person_needed),
    (errors.AuthError, Exit.credential),
    (errors.RateLimited, Exit.unavailable),
    (errors.Unavailable, Exit.unavailable),
    (errors.DataError, Exit.usage),
    (errors.GatewayError, Exit.failed),
)


def exit_for(error: BaseException) -> Exit:
    """Return the exit code an error ends the command with; `Exit.fault` for one that nobody raised on purpose."""
    if isinstance(error, KeyboardInterrupt):
        return Exit.interrupted
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.fault)


def exit_for_kind(kind: str) -> Exit:
    """Return the exit code for the name of an error's class, as results carry it."""
    found = getattr(errors, kind, None)
    named = found if isinstance(found, type) and issubclass(found, errors.GatewayError) else errors.GatewayError
    return next(code for base, code in _BY_ERROR if issubclass(named, base))


def epilog() -> str:
    """Return the exit codes as the help shows them."""
    return "Exit codes:\n\n" + "\n\n".join(f"{code.value}  {meaning}" for code, meaning in MEANINGS.items())
