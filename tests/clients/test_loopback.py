"""The guard around the client processes: what leaves loopback ends with an error that says so."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow

ELSEWHERE = "http://client.invalid"
GIVEN: dict[str, Any] = {
    "base_url": ELSEWHERE,
    "app_key": "1",
    "app_secret": "secret",
    "access_token": "token",
    "page_size": 1,
    "created_from": "",
    "created_to": "",
    "auth_code": "code",
}


@pytest.mark.parametrize(
    ("language", "script"),
    [("python", "open_1688_client.py"), pytest.param("node", "api_1688.mjs", marks=pytest.mark.needs_node)],
)
def test_a_client_can_not_leave_loopback(request: pytest.FixtureRequest, language: str, script: str) -> None:
    run = request.getfixturevalue(f"run_{language}")
    with pytest.raises(pytest.fail.Exception, match="nothing beyond loopback"):
        run(script, **GIVEN)
