"""Known vulnerabilities of the locked packages, by pip-audit.

Exit status 1 if there are any. Failed look-ups are printed; with AUDIT_REQUIRED set they cause exit status 2.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIP_AUDIT = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner=off"]


def main() -> int:
    return max(report(lock, *audit(lock)) for lock in LOCKS)


def audit(lock: str) -> tuple[list[dict[str, Any]], str]:
    """pip-audit's result for each package, and the reason if there is none."""
    command = [*PIP_AUDIT, "--format=json", "--requirement", lock]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["dependencies"], ""
    except ValueError:
        return [], (done.stderr.strip().splitlines() or ["it did not say why"])[-1]


def report(lock: str, packages: list[dict[str, Any]], reason: str) -> int:
    """Print the result; the exit status: 0 nothing known, 1 vulnerabilities, 2 a required look-up failed."""
    weak = [package for package in packages if package.get("vulns")]
    skipped = [package for package in packages if "skip_reason" in package]
    for package in weak:
        for each in package["vulns"]:
            print(f"{lock}: {package['name']} {package['version']}: {each['id']}, fixed in {each['fix_versions']}")
    if skipped or reason:
        reason = reason or skipped[0]["skip_reason"]
        print(f"{lock}: NOT AUDITED: {len(skipped) or 'all'} of its packages could not be looked up. {reason[:300]}")
    print(f"{lock}: {len(packages) - len(skipped)} packages looked up, {len(weak)} with known weaknesses.")
    return 1 if weak else 2 if (skipped or reason) and os.environ.get("AUDIT_REQUIRED") else 0


if __name__ == "__main__":
    sys.exit(main())
