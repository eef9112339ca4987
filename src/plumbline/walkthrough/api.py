"""One signed-in client of the public HTTP API, and what it is answered."""

from __future__ import annotations

import time
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from plumbline.settings import SettingsError

TIMEOUT_SECONDS = 60.0
"""For one answer: the last byte of a large file is answered only when the whole is locked and judged."""
LONGEST_WAIT_SECONDS = 30
"""A server may ask to be left alone for a while (429, 503); asked for longer than this, we stop."""
ATTEMPTS = 3
_HERE = ("127.0.0.1", "::1", "localhost")


class CannotPlayError(SettingsError):
    """The shift cannot be played at all; the message says what to do about it."""


class Refused(Exception):
    """The server refused. `problem` is the problem's type without its prefix."""

    def __init__(self, answer: httpx.Response) -> None:
        self.body = _problem(answer)
        self.status = answer.status_code
        self.problem = str(self.body.get("type", "no-problem-details")).removeprefix("/problems/")
        self.title = str(self.body.get("title", f"HTTP {self.status}"))
        self.detail = str(self.body.get("detail", ""))
        super().__init__(f"{self.status} {self.problem}")


class Api:
    """A client of one server, in one language. Every refusal is raised as Refused."""

    def __init__(self, server: str, language: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.server = server
        self.http = httpx.Client(
            base_url=server,
            headers={"Accept-Language": language},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            trust_env=urlsplit(server).hostname not in _HERE,  # a proxy cannot reach what runs on this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(self, method: str, path: str, **what: Any) -> httpx.Response:
        """The answer; waits and asks again where the server wants that. Raises Refused, CannotPlayError."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self.http.request(method, path, **what)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                raise CannotPlayError(f"{self.server} does not answer ({error}). Does it run there?") from error
            wait = _wanted_pause(answer)
            if wait is None or wait > LONGEST_WAIT_SECONDS or attempt == ATTEMPTS:
                break
            time.sleep(wait)
        if answer.is_error:
            raise Refused(answer)
        return answer

    def sign_in(self, path: str, name: str, passwords: dict[str, str], **more: Any) -> dict[str, Any]:
        """Signs in and sends the token from now on; the answer. Raises CannotPlayError."""
        if name not in passwords:
            raise CannotPlayError(f"There is no password for {name}: the passwords are of another demonstration city.")
        try:
            answer = self.call("POST", path, json={"sign_in_name": name, "password": passwords[name], **more})
        except Refused as refused:
            raise CannotPlayError(
                f"{self.server} does not sign {name} in: {refused.title}: {refused.detail} "
                "The passwords must be those of the demonstration city on that server (--passwords FILE)."
            ) from refused
        signed_in: dict[str, Any] = answer.json()
        self.http.headers["Authorization"] = f"Bearer {signed_in['token']}"
        return signed_in


def _wanted_pause(answer: httpx.Response) -> float | None:
    """Seconds, None where the answer is final."""
    if answer.status_code not in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
        return None
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 1.0


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """Empty where the answer is no problem details, as every answer to HEAD."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
