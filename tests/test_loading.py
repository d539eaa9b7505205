"""What a process imports at its start: the site all its pages, a command none, and a worker no reader of templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import finish, python

PAGES = "print([name for name in sys.modules if name == 'orgsite.urls' or name.startswith('workspaces.admin.')])"


@pytest.mark.parametrize(
    ("start", "pages"),
    [("import orgsite.asgi", True), ("from orgsite import env; env.choose_settings(); django.setup()", False)],
    ids=["the site", "a command"],
)
def test_pages_are_loaded_before_the_first_request_and_for_no_command(tmp_path: Path, start: str, pages: bool) -> None:
    said = finish(python(tmp_path, "-c", f"import django, sys; {start}; {PAGES}"))
    assert ("orgsite.urls" in said, "workspaces.admin." in said) == (pages, pages), said


def test_a_worker_loads_nothing_that_reads_templates(tmp_path: Path) -> None:
    start = "from orgsite import env; env.choose_settings(); django.setup()"
    worker = "import workspaces.management.commands.worker"
    said = finish(
        python(
            tmp_path, "-c", f"import django, sys; {start}; {worker}; print({{'pydantic', 'yaml'}} & {{*sys.modules}})"
        )
    )
    assert said == "set()\n"
