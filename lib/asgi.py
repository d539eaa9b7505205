"""Types of ASGI, and the keys under which parts of this site pass values in a request's scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

END = "orgsite.end"  # a function that ends the answer
ENDING = "orgsite.ending"  # set once the process shuts down
