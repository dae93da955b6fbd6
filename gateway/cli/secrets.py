"""Secrets on their way in: from environment variables, files or a hidden prompt, never from the command line."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gateway.errors import DataError

if TYPE_CHECKING:
    from gateway.operations.connecting import Tokens


@dataclass(frozen=True, slots=True)
class Source:
    """Where tokens are: names of environment variables, or a JSON file."""

    access_token_env: str | None
    refresh_token_env: str | None
    file: Path | None


def tokens_of(source: Source, expires_in: int | None) -> Tokens:
    """Return the tokens. Raises DataError naming the variable, file or field that is missing or malformed."""
    from gateway.operations.connecting import Tokens

    if source.file is not None:
        if source.access_token_env or source.refresh_token_env:
            raise DataError("Give --tokens-file or the names of environment variables, not both.")
        return _from_file(source.file, expires_in)
    if source.access_token_env is None:
        raise DataError("Say where the tokens are: --access-token-env and --refresh-token-env, or --tokens-file.")
    access = variable(source.access_token_env)
    refresh = variable(source.refresh_token_env) if source.refresh_token_env else ""
    return Tokens(access, refresh, None if expires_in is None else timedelta(seconds=expires_in))


def variable(name: str) -> str:
    """Return an environment variable's value. Raises DataError when it is not set or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise DataError(f"The environment variable {name} is not set. Export it in this shell, then repeat.")
    return value


def secret_of(env: str | None, file: Path | None, prompt: str) -> str:
    """Return a secret from a variable or a file, or ask a terminal for it. Raises DataError when there is none."""
    if env is not None:
        return variable(env)
    if file is not None:
        text = _read(file).strip()
        if not text:
            raise DataError(f"{file} is empty: it must hold the secret and nothing else.")
        return text
    if not sys.stdin.isatty():
        raise DataError(
            "The secret is missing. Name an environment variable with --secret-env, or a file with --secret-file."
        )
    return str(typer.prompt(prompt, hide_input=True, err=True))


def _from_file(file: Path, expires_in: int | None) -> Tokens:
    from gateway.operations.connecting import Tokens

    example = '{"access_token": "...", "refresh_token": "...", "expires_in": 14400}'
    try:
        held = json.loads(_read(file))
    except ValueError as error:
        place = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{file}{place}: not JSON. Write it like {example}.") from None
    if not isinstance(held, dict):
        raise DataError(f"{file}: not a JSON object. Write it like {example}.")
    for name in ("access_token", "refresh_token"):
        if not isinstance(held.get(name, ""), str):
            raise DataError(f"{file}: {name} is not a text. Write it like {example}.")
    seconds = held.get("expires_in", expires_in)
    if seconds is not None and (type(seconds) is not int or seconds <= 0):
        raise DataError(f"{file}: expires_in is not a whole number of seconds. Write it like {example}.")
    lasts = None if seconds is None else timedelta(seconds=seconds)
    return Tokens(held.get("access_token", ""), held.get("refresh_token", ""), lasts)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise DataError(f"{file} cannot be read ({reason}). Check the path and its rights.") from None
