"""How often something happened within this minute, counted in Django's default cache: by all processes that share it.

The counts are for limits. A cache that forgets, or two processes that count at the same moment, let a few more through;
a cache that is away lets everything through, and the log says so. What is counted goes into keys as a hash.
"""

from __future__ import annotations

import hashlib
import logging
import time

from django.core.cache import caches

logger = logging.getLogger(__name__)

MINUTE = 60  # seconds


def count(what: str, *of: str) -> int:
    """Once more; return how often by now. `what` is a word without spaces."""
    cache, key = caches["default"], _key(what, of)
    try:
        cache.add(key, 0, timeout=2 * MINUTE)
        return int(cache.incr(key))
    except Exception:
        logger.exception("%s could not be counted", what)
        return 1


def counted(what: str, *of: str) -> int:
    """How often so far."""
    try:
        return int(caches["default"].get(_key(what, of), 0))
    except Exception:
        logger.exception("the count of %s could not be read", what)
        return 0


def seconds_left() -> int:
    """Until counting starts anew: 1 to 60."""
    return MINUTE - int(time.time()) % MINUTE


def _key(what: str, of: tuple[str, ...]) -> str:
    digest = hashlib.sha256("\0".join(of).encode("utf-8", "replace")).hexdigest()
    return f"orgsite.count.{what}.{int(time.time()) // MINUTE}.{digest}"
