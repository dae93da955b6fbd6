"""Did the request leave? Told by the cause of a failure, never by httpx's own class (DESIGN.md, "Unclear writes").

The transport under httpx raises `ConnectTimeout` both for a refused connection and for a server that read the request
and hung up. What tells them apart is the error of aiohttp behind it.
"""

from __future__ import annotations

import aiohttp

from gateway.errors import NotSent, OutcomeUnknown, Unavailable

_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def read_failure(operation: str, host: str, failure: BaseException) -> Unavailable:
    """Return `NotSent` when the connection was never made (name, TCP or TLS), else `OutcomeUnknown`.

    The text names classes and hosts only: the words of the failure itself may hold an address with its token.
    """
    cause = failure if isinstance(failure, aiohttp.ClientError) else failure.__cause__
    if isinstance(cause, _NEVER_LEFT):
        return NotSent(
            f"{operation}: no connection to {host}: {_plainly(cause)}. Nothing was sent. Check the network,"
            " the name and the address of the platform."
        )
    behind = "" if cause is None else f" ({type(cause).__name__})"
    return OutcomeUnknown(
        f"{operation}: {host} gave no usable answer: {type(failure).__name__}{behind}. The request may have been"
        " applied; read the platform's state before repeating it."
    )


def _plainly(cause: BaseException) -> str:
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        inner = cause.certificate_error
        why = getattr(inner, "verify_message", None) or type(inner).__name__  # absent when not raised by a handshake
        return f"its certificate is not good ({why})"
    if isinstance(cause, aiohttp.ClientSSLError):
        return "TLS could not be agreed"
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return "the name is not known"
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return "it took too long"
    return type(cause.__cause__ or cause).__name__
