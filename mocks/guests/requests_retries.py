"""What the library `requests` repeats by itself: its adapter's policy, applied as urllib3 does on a socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from requests import exceptions
from urllib3 import Retry
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

__tracebackhide__ = True  # a test that fails shows its own lines and the client's


class Unreached(exceptions.ConnectionError):
    """Nobody accepted the connection: whatever was asked, it was not done."""


def repeated(request: Any, retries: Retry, ask: Callable[[], Any], pause: Callable[[float], object]) -> Any:
    """Ask as often as the policy wants; gives the answer, or raises what `requests` raises after the last attempt.

    A body that breaks off is not repeated: by then the library has its answer, and reading on is its caller's.
    """
    while True:
        try:
            response = ask()
        except exceptions.ChunkedEncodingError:
            raise
        except (exceptions.ReadTimeout, exceptions.ConnectionError) as error:
            retries = _after_error(request, retries, error)
            pause(retries.get_backoff_time())
        else:
            if not retries.is_retry(request.method, response.status_code, "Retry-After" in response.headers):
                return response
            try:
                retries = retries.increment(request.method, request.path_url, response=response.raw)
            except MaxRetryError as error:
                if retries.raise_on_status:
                    raise exceptions.RetryError(error, request=request) from None
                return response
            pause(_wait(retries, response))


def _after_error(request: Any, retries: Retry, error: exceptions.RequestException) -> Retry:
    """The policy after one more failure; raises where it is exhausted, or repeats nothing of this kind."""
    met = _met(error)
    try:
        return retries.increment(request.method, request.path_url, error=met)
    except MaxRetryError as exhausted:
        raise exceptions.ConnectionError(exhausted, request=request) from None
    except HTTPError:
        pass
    raise error


def _met(error: exceptions.RequestException) -> Exception:
    """What urllib3 would have met."""
    if isinstance(error, exceptions.ReadTimeout):
        return ReadTimeoutError(None, "", str(error))  # type: ignore[arg-type]  # it shows the pool, and there is none
    if isinstance(error, Unreached):
        return NewConnectionError(None, str(error))  # type: ignore[arg-type]
    return ProtocolError(str(error))


def _wait(retries: Retry, response: Any) -> float:
    asked = retries.get_retry_after(response.raw) if retries.respect_retry_after_header else None
    return asked or retries.get_backoff_time()
