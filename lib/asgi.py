"""Types of ASGI, and the keys that parts of this site leave for each other in a request's scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

END = "orgsite.end"  # a function that ends the answer
ENDING = "orgsite.ending"  # there once the process is to end
