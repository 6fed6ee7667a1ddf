"""Who may look: headers, the token, and what other sites' pages are refused."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

LOOPBACK = ("127.0.0.1", "localhost", "::1")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guards(token: str | None) -> list[Middleware]:
    """What stands before the pages. token: what who asks must bring; None on loopback, where names of other hosts are
    refused (a page elsewhere whose name leads here would otherwise read the archive)."""
    hosts = [Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])] if token is None else []
    return [*hosts, Middleware(Guard, token=token)]


class Guard(BaseHTTPMiddleware):
    """Sets headers, lets in who has the token, and keeps other sites from asking for anything in a user's name."""

    def __init__(self, app: Any, token: str | None) -> None:
        super().__init__(app)
        self._token = token

    async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = _foreign(request) or self._unknown(request) or await call_next(request)
        for name, value in HEADERS.items():
            if name != "Cache-Control" or not request.url.path.startswith("/static/"):
                response.headers[name] = value
        return response

    def _unknown(self, request: Request) -> Response | None:
        if self._token is None:
            return None
        # Browsers keep cookies by host alone, and there may be a second server on another port.
        cookie = f"evolve-token-{request.url.port or ''}"
        if self._is_token(request.query_params.get("token")):
            response = RedirectResponse(str(request.url.remove_query_params("token")))
            # Lax: with a strict one, who follows a link in a mail or a chat would be asked for the token again.
            response.set_cookie(cookie, self._token, httponly=True, samesite="lax")
            return response
        if self._is_token(request.cookies.get(cookie)):
            return None
        return PlainTextResponse("a token is missing: open the address that `evolve review` printed", 401)

    def _is_token(self, given: str | None) -> bool:
        return secrets.compare_digest((given or "").encode(), (self._token or "").encode())


def _foreign(request: Request) -> Response | None:
    """Refuses what a page of another site, or of another port here, asks for; a link on it may lead here."""
    site, mode = (request.headers.get(f"sec-fetch-{name}") for name in ("site", "mode"))
    if site in ("cross-site", "same-site") and mode != "navigate":
        return PlainTextResponse("asked for by another site", 403)
    return None
