"""Environment variables as typed values; an invalid one stops the start with a sentence that names it."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from workspaces.core.columns import TIERS

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})


def choose_settings() -> None:
    """Make Django use this site's settings, unless the environment names others."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgsite.settings")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}={value!r} is neither on nor off; use 1 or 0.")
    return value in TRUE


def integer(name: str, default: int, *, least: int = 1, most: int = 10**12) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number from {least} to {most}.")
    return int(value)


def fraction(name: str, default: float) -> float:
    value = text(name, str(default))
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number between 0 and 1.")
    return number


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def proxies(name: str) -> list[str]:
    """Addresses and networks, each as `ipaddress` writes it; `unix` means every peer on a unix socket."""
    return ["unix" if word.lower() == "unix" else _network(name, word) for word in words(name)]


def _network(name: str, word: str) -> str:
    try:
        found = ipaddress.ip_network(word)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}: {error}. Write addresses and networks, such as 10.0.0.5,10.1.0.0/16,fd00::/8, or the word unix."
        ) from error
    if not found.prefixlen:
        raise ImproperlyConfigured(f"{name}: {word} is every address there is; name those of the proxies alone.")
    if isinstance(found, ipaddress.IPv6Network) and found.network_address.ipv4_mapped:
        raise ImproperlyConfigured(f"{name}: write {word} as an IPv4 address or network.")
    return str(found)


def refuse_old(name: str, *, new: str, like: str) -> None:
    """Stop if a variable is set that has no effect any more, so that nobody relies on it."""
    if text(name):
        raise ImproperlyConfigured(f"{name} is no longer read; remove it, and set {new} instead, such as {like}.")


def choice(name: str, default: str, *, of: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in of:
        raise ImproperlyConfigured(f"{name}={value!r} is not available; choose one of: {', '.join(of)}.")
    return value


def limit(name: str, default: int) -> int | None:
    """`off` (None) or a whole number from 1."""
    return None if text(name).lower() == "off" else integer(name, default)


def secret_key(name: str, *, debug: bool) -> str:
    """The key from the environment; in debug mode, which is not secure anyway, a default that everybody knows."""
    value = text(name)
    if value or debug:
        return value or "known to everybody, for debug mode only"
    raise ImproperlyConfigured(f"Set {name} to a long random text (or ORGSITE_DEBUG=1 on a developer's machine).")


# ---- container engines

NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
INSTALLATION = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
CAPABILITY = re.compile(r"(?!ALL$|CAP_ALL$)[A-Z][A-Z0-9_]*")
RESTART = re.compile(r"no|always|unless-stopped|on-failure(:[0-9]{1,4})?")
MEMORY = re.compile(r"[0-9]{1,15}(\.[0-9]{1,3})?[bkmg]b?", re.IGNORECASE)
IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@-]*")
ENGINE_ADDRESS = re.compile(r"(unix|tcp|https?|ssh|npipe)://\S+")
ANYTHING = re.compile(r".*", re.DOTALL)
SITE_ADDRESS = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


def matching(name: str, default: str, *, pattern: re.Pattern[str], like: str) -> str:
    """A text that matches `pattern`; `like` describes it in the error."""
    value = text(name, default)
    if value and not pattern.fullmatch(value):
        raise ImproperlyConfigured(f"{name}={value!r} makes no sense; it has to be {like}.")
    return value


def json_object(name: str, *, like: str, default: str = "{}") -> dict[str, Any]:
    value = text(name, default)
    try:
        given = json.loads(value)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"{name}={value!r} is not a JSON object; write it like {like}.")
    return given


def texts(name: str, *, pattern: re.Pattern[str], like: str, default: str = "{}") -> dict[str, str]:
    """A JSON object whose values are texts that match `pattern`."""
    given = json_object(name, like=like, default=default)
    for key, value in given.items():
        if not key or not isinstance(value, str) or not pattern.fullmatch(value):
            raise ImproperlyConfigured(f"{name}: {value!r} makes no sense for {key!r}; write it like {like}.")
    return given


def capabilities(name: str) -> list[str]:
    given = [word.upper() for word in words(name)]
    for word in given:
        if not CAPABILITY.fullmatch(word):
            raise ImproperlyConfigured(
                f"{name}: {word!r} is no capability; name each one, like NET_BIND_SERVICE,CHOWN."
            )
    return given


def limits(name: str) -> dict[str, dict[str, Any]]:
    """Tier → limits of a container: `memory` as Docker writes it, `cpus` as a number."""
    like = '{"1": {"memory": "512m", "cpus": 0.5}, "*": {"memory": "1g"}}'
    given = json_object(name, like=like)
    for tier, limit in given.items():
        known = tier in ("*", *map(str, TIERS)) and isinstance(limit, dict) and limit.keys() <= {"memory", "cpus"}
        if not known or not _is_memory(limit.get("memory", "1m")) or not _is_cpus(limit.get("cpus", 1)):
            raise ImproperlyConfigured(f"{name}: {limit!r} makes no sense for tier {tier!r}; write it like {like}.")
    return given


def _is_memory(value: object) -> bool:
    return isinstance(value, str) and bool(MEMORY.fullmatch(value)) and float(value.rstrip("bBkKmMgG")) > 0


def _is_cpus(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.01 <= value <= 1024


def images(name: str, *, engine: str) -> dict[str, str]:
    """Runtime → image, "*" for any other. Docker and Swarm need at least one; the fake engine takes any."""
    like = '{"claude-code": "registry.example/claude-code:2", "*": "agent:latest"}'
    given = texts(name, pattern=IMAGE, like=like, default='{"*": "in-memory"}' if engine == "fake" else "{}")
    if engine in ("docker", "swarm") and not given:
        raise ImproperlyConfigured(f"ORGSITE_ENGINE={engine} needs {name}: the image of each runtime, like {like}.")
    return given


def network(name: str, *, engine: str) -> str:
    value = matching(name, "", pattern=NETWORK, like="none, host or a network's name")
    if engine == "swarm" and value == "none":
        raise ImproperlyConfigured(
            f"{name}=none is not possible in a swarm: use an overlay network made with --internal."
        )
    return value
