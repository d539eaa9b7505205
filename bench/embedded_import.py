"""One import in a process of its own, at the end of its input: `python -m bench.embedded_import WAY N SLUG`."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import django
from django.db import transaction


def main(way: str, n: str, slug: str) -> None:
    django.setup()
    from bench.imports import MAIN
    from bench.ours import import_template
    from bench.scratch import Place
    from bench.trees import tree
    from lib import gc_tuning
    from workspaces.models import Organization

    gc_tuning.freeze_loaded()
    want, place = tree(MAIN, int(n)), Place(organization=Organization.objects.get(slug=slug).pk, slug=slug)
    print(want.digest, flush=True)
    sys.stdin.read()
    with transaction.atomic() if way == "together" else nullcontext():
        import_template(place, want)


if __name__ == "__main__":
    main(*sys.argv[1:])
