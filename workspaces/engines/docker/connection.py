"""One engine's API, and the only place that translates errors of Docker's libraries into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from docker import APIClient
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from workspaces.engines.options import Options
from workspaces.errors import EngineAway, EngineRefused


class Client(APIClient):
    """Docker's client with two faults corrected.

    Calls without a timeout (a pull, a wait for a removal) would wait for ever. And REQUESTS_CA_BUNDLE, which is meant
    for the web, would replace the authority of DOCKER_CERT_PATH.
    """

    def _set_request_timeout(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        return kwargs

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        chosen = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, chosen, cert)


class Connection:
    """An engine's API, connected at its first use and shared by all threads.

    Without an address it is DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, as Docker reads them).
    """

    def __init__(self, options: Options, *, address: str = "", called: str = "The container engine") -> None:
        self._options, self._address, self._called = options, address or options.address, called
        self._lock = Lock()
        self._client: Client | None = None

    @contextmanager
    def api(self) -> Iterator[APIClient]:
        """The API. Raises EngineAway or EngineRefused for every error inside."""
        try:
            yield self._connected()
        except APIError as error:
            raise EngineRefused(str(error.explanation or error)) from error
        except (OSError, HTTPError, DockerException) as error:
            if not (error.__cause__ or error.__context__ or isinstance(error, OSError)):
                raise EngineRefused(str(error)) from error  # the library's own message, such as for an old version
            raise EngineAway(f"{self._called} does not answer: {_reason(error)}.") from error

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client:
            client.close()

    def _connected(self) -> Client:
        # Not under the lock: if the engine hangs, the threads would wait for it one after the other.
        made = self._client or self._connect()
        with self._lock:
            kept = self._client = self._client or made
        if kept is not made:
            made.close()
        return kept

    def _connect(self) -> Client:
        given = kwargs_from_env() | ({"base_url": self._address} if self._address else {})
        size = self._options.connections
        client = Client(version="auto", timeout=self._options.timeout, max_pool_size=size, **given)
        client.trust_env = not client.base_url.startswith("http+docker:")  # no proxy for a socket
        for scheme in ("http://", "https://"):  # APIClient passes the size of the pool on for sockets only
            if client.base_url.startswith(scheme):
                client.mount(scheme, HTTPAdapter(pool_maxsize=size))
        return client


def _reason(error: BaseException) -> str:
    """The message of the innermost error: the outer ones only say that a connection failed."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
