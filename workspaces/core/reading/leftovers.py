"""Names of files to leave out of a template (leftovers of tools), and of files that may hold secrets."""

from __future__ import annotations

import re

_LEFTOVERS = frozenset(
    {
        ".git", ".hg", ".svn", ".bzr", ".gitkeep", ".keep", "__macosx", ".ds_store", ".appledouble", ".lsoverride",
        ".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems", "thumbs.db", "ehthumbs.db", "desktop.ini",
    }
)  # fmt: skip
_SECRET = re.compile(
    r"(?:.*/)?(?:\.env(?:\..*)?|\.envrc|\.netrc|\.pgpass|\.npmrc|\.pypirc|\.htpasswd|\.git-credentials|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|credentials(?:\.json)?|[^/]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx)|\.ssh/.*|\.aws/.*|\.kube/config"
    r"|\.docker/config\.json)",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r".*\.(?:example|sample|template|dist)", re.IGNORECASE)


def is_leftover(path: str) -> bool:
    """Whether any part of `path` is a name of files that packers, file managers or version control leave behind."""
    return any(name.startswith("._") or name.casefold() in _LEFTOVERS for name in path.split("/"))


def topmost_leftover(path: str) -> str:
    """`path` up to the first part that is a leftover: `pm/.git` of `pm/.git/objects/00`."""
    parts = path.split("/")
    first = next(index for index, name in enumerate(parts) if is_leftover(name))
    return "/".join(parts[: first + 1])


def may_hold_secret(path: str) -> bool:
    """Whether people usually keep passwords or keys in a file of this path, such as `.env`."""
    return bool(_SECRET.fullmatch(path)) and not _EXAMPLE.fullmatch(path)
