"""Unicode's properties from Perl (always present on Debian), to check the project's own tables against."""

from __future__ import annotations

import subprocess

PROGRAM = """
for my $code (0 .. 0x10FFFF) {
    next if $code >= 0xD800 && $code <= 0xDFFF;
    print "$code\\n" if chr($code) =~ /\\p{%s}/;
}
"""


def perl_code_points(name: str) -> set[int]:
    """The code points with that property; none where there is no Perl."""
    try:
        found = subprocess.run(["perl", "-e", PROGRAM % name], capture_output=True, text=True, check=True, timeout=60)
    except FileNotFoundError:
        return set()
    return set(map(int, found.stdout.split()))
