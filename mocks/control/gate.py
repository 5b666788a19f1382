"""The gate of the control room: who may come in, and what every reply says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qs

from seatrial.mocks.wire.asgi import Headers, Scope
from seatrial.sim.errors import Rejected
from seatrial.sim.http_face import headers_of

TOKEN: Final = "x-seatrial-token"  # noqa: S105 (the name of a header)
"""Header that may carry the token instead of the query; `Authorization: Bearer` does as well."""
_NAMES: Final = ("127.0.0.1", "localhost")
_MOST_FIELDS: Final = 50
CAREFUL: Final[Headers] = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
"""Headers of every reply; there are none that let pages of others in."""
NOTHING_ELSE: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox")
"""Content policy of whatever is no page."""


class Gate:
    """Lets in whoever names us by our own address and knows the token.

    The address keeps out pages whose name was bound to this machine, the token everybody else. Raises Rejected 403
    `foreign_host`, 403 `foreign_origin`, 401 `no_token`.
    """

    def __init__(self, token: str) -> None:
        if not token:
            raise ValueError("a control room without a token would be open to all")
        self._token = token.encode()

    def enter(self, scope: Scope) -> dict[str, str]:
        """Check a request; gives its query without the token."""
        headers = headers_of(scope["headers"])
        port = scope["server"][1]
        ours = [f"{name}:{port}" for name in _NAMES]
        if headers.get("host", "").lower() not in ours:
            raise Rejected("foreign_host", f"this is {' or '.join(ours)}, and nothing else", status=403)
        origin = headers.get("origin", "")
        if origin and origin.lower() not in [f"http://{each}" for each in ours]:
            raise Rejected("foreign_origin", "pages of others have no business here", status=403)
        query = _query(scope)
        self._check(query, headers)
        return {name: value for name, value in query.items() if name != "token"}

    def _check(self, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        given = headers.get(TOKEN) or bearer or query.get("token", "")
        if not compare_digest(given.encode("utf-8", "surrogateescape"), self._token):
            said = "this token does not fit" if given else "no token"
            hint = f"open the address that was printed at the start; programs send ?token=... or {TOKEN}"
            raise Rejected("wrong_token" if given else "no_token", f"{said} · {hint}", status=401)


def _query(scope: Scope) -> dict[str, str]:
    """The last of each name. Raises Rejected 400 `invalid_request`."""
    try:
        read = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Rejected("invalid_request", f"a query of more than {_MOST_FIELDS} fields", status=400) from None
    return {name: values[-1] for name, values in read.items()}
