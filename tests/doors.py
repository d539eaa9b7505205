"""The table of permissions: for each address and method of the site, the expected status for each kind of caller.

A page needs a session; the REST API takes tokens too. `login` means a redirect to the login page. For a stranger the
ids of an organization do not exist: 404. Objects of the installation (users, groups) need Django's permission only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Status = int | str


class Answers(NamedTuple):
    """The status for each caller; `stranger` has every permission, in another organization."""

    anonymous: Status
    unprivileged: Status
    stranger: Status
    read_only: Status
    expired: Status
    revoked: Status
    right: Status


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is sent, and what comes back. Texts are formatted with the ids of the world they are asked in."""

    answers: Answers
    query: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None


def page(unprivileged: Status, stranger: Status, right: Status, **sent: Any) -> Row:
    """A page: no token opens it."""
    return Row(answers=Answers("login", unprivileged, stranger, "login", "login", "login", right), **sent)


def call(unprivileged: Status, stranger: Status, read_only: Status, right: Status, **sent: Any) -> Row:
    """The REST API."""
    return Row(answers=Answers(401, unprivileged, stranger, read_only, 401, 401, right), **sent)


def everybody(status: Status, **sent: Any) -> Row:
    return Row(answers=Answers(*[status] * 7), **sent)


LOOK, LIST = page(403, 404, 200), page(403, 200, 200)
NEVER, NO_SUCH_METHOD = page(403, 403, 403), page(405, 405, 405)
NOT_THIS = page(403, 404, 403)  # of what is hers to see, too
ANYBODY = page(200, 200, 200)
TO_ITS_PAGE = {"GET": page(302, 302, 302), "POST": page(302, 302, 302)}
READ = {"GET": LIST, "POST": NO_SUCH_METHOD}
TEMPLATE = {"name": "Dev", "workspaces": [{"name": "Attic"}]}


def form_page(get: Row, post: Row) -> dict[str, Row]:
    return {"GET": get, "POST": post}


def of_model(at: str, **rows: dict[str, Row]) -> dict[str, dict[str, Row]]:
    """The addresses that Django's admin gives each model."""
    one = f"{at}<path:object_id>/"
    return {
        at: rows["list"], f"{at}add/": rows["add"], f"{one}change/": rows["change"], f"{one}history/": rows["history"],
        f"{one}delete/": rows["delete"], one: TO_ITS_PAGE,
    }  # fmt: skip


OF_EVERYBODY = form_page(LIST, LIST)  # users and groups: a permission is enough, an empty form changes nothing
HISTORY = form_page(LOOK, LOOK)
NO_DELETE = form_page(NOT_THIS, NOT_THIS)

PAGES: dict[str, dict[str, Row]] = {
    "": form_page(everybody(302), everybody(302)),
    "admin/": form_page(ANYBODY, ANYBODY),
    "admin/login/": form_page(
        Row(answers=Answers(200, 302, 302, 200, 200, 200, 302)),
        everybody(200),  # a form without a name
    ),
    "admin/logout/": {
        "GET": Row(answers=Answers(302, 405, 405, 302, 302, 302, 405)),
        "POST": Row(answers=Answers(302, 200, 200, 302, 302, 302, 200)),
    },
    "admin/password_change/": form_page(ANYBODY, ANYBODY),
    "admin/password_change/done/": {"GET": ANYBODY, "POST": NO_SUCH_METHOD},
    "admin/autocomplete/": {
        "GET": page(403, 200, 200, query="app_label=workspaces&model_name=membership&field_name=user&term=a"),
        "POST": NO_SUCH_METHOD,
    },
    "admin/jsi18n/": {"GET": ANYBODY, "POST": NO_SUCH_METHOD},
    "admin/r/<path:content_type_id>/<path:object_id>/": form_page(page(404, 404, 404), page(404, 404, 404)),
    "admin/<app_label>/": form_page(page(404, 200, 200), page(404, 200, 200)),
    "admin/(?P<url>.*)$": form_page(page(404, 404, 404), page(404, 404, 404)),
    "admin/import/": {
        "GET": LIST,
        "POST": page(403, 404, 302, form={"org": "{slug}", "file": "name: Dev"}),
    },
    "admin/import/<uuid:preview_id>/": {"GET": LOOK, "POST": page(403, 404, 302, form={"mode": "merge"})},
    "admin/import/<uuid:preview_id>/plan.json": {"GET": LOOK, "POST": NO_SUCH_METHOD},
    "admin/runs/": READ,
    "admin/runs/<uuid:run_id>/": {"GET": LOOK, "POST": NO_SUCH_METHOD},
    "admin/runs/<uuid:run_id>/again/": {"GET": NO_SUCH_METHOD, "POST": page(403, 404, 302)},
    "admin/runs/<uuid:run_id>/dismiss/": {"GET": NO_SUCH_METHOD, "POST": page(403, 404, 302)},
    "admin/runs/<uuid:run_id>/undo/": {
        "GET": LOOK,
        "POST": page(403, 404, 302, form={"plan": "{undo_plan}", "confirm_removals": "2"}),
    },
    "admin/restore/": {
        "GET": page(403, 404, 200, query="ids={gone}"),
        "POST": page(403, 404, 302, query="ids={gone}", form={"plan": "{restore_plan}", "confirm_removals": "0"}),
    },
    "admin/containers/<uuid:workspace_id>/again/": {"GET": NO_SUCH_METHOD, "POST": page(403, 404, 302)},
    "admin/cascade-delete/": {
        "GET": page(403, 404, 200, query="_selected_action={leaf}"),
        "POST": page(
            403, 404, 302,
            form={"_selected_action": "{leaf}", "confirm": "1", "fingerprint": "{doom}", "confirm_removals": "1"},
        ),
    },
    "admin/kept-data/": READ,
    "admin/kept-data/purge/": {
        "GET": page(403, 404, 200, query="_selected_action={gone}"),
        "POST": page(403, 404, 302, form={"_selected_action": "{gone}", "confirm": "1", "number": "1"}),
    },
    "admin/timeline/": READ,
    "admin/auth/user/<id>/password/": OF_EVERYBODY,
    **of_model(
        "admin/auth/user/",
        list=OF_EVERYBODY, add=OF_EVERYBODY, change=OF_EVERYBODY, history=OF_EVERYBODY, delete=OF_EVERYBODY,
    ),
    **of_model(
        "admin/auth/group/",
        list=OF_EVERYBODY, add=OF_EVERYBODY, change=OF_EVERYBODY, history=OF_EVERYBODY, delete=OF_EVERYBODY,
    ),
    **of_model(
        "admin/audit/structureevent/",
        list=OF_EVERYBODY, add=form_page(NEVER, NEVER), change=form_page(LOOK, NOT_THIS), history=HISTORY,
        delete=NO_DELETE,
    ),
    **of_model(
        "admin/workspaces/organization/",
        list=OF_EVERYBODY, add=OF_EVERYBODY, change=form_page(LOOK, LOOK), history=HISTORY, delete=NO_DELETE,
    ),
    **of_model(
        "admin/workspaces/apitoken/",
        list=form_page(LIST, page(403, 302, 302, form={"action": "revoke", "_selected_action": "{api_token}"})),
        add=form_page(LIST, page(403, 400, 201, form={"user": "right", "name": "laptop", "days": "1"})),
        change=form_page(LOOK, NOT_THIS), history=HISTORY, delete=NO_DELETE,
    ),
    **of_model(
        "admin/workspaces/workspacetoken/",
        list=form_page(LIST, page(403, 302, 302, form={"action": "revoke", "_selected_action": "{agent_token}"})),
        add=form_page(NEVER, NEVER), change=form_page(LOOK, NOT_THIS), history=HISTORY, delete=NO_DELETE,
    ),
    **of_model(
        "admin/workspaces/workspace/",
        list=form_page(LIST, page(403, 404, 200, form={"_selected_action": "{leaf}"})),
        add=form_page(LIST, page(403, 400, 302, form={"organization": "{slug}", "name": "Attic", "tier": "2"})),
        change=form_page(LOOK, page(403, 404, 302, form={"tier": "1"})),
        history=form_page(LOOK, page(403, 404, 405)), delete=NO_DELETE,
    ),
    "admin/workspaces/workspace/^([^/]+)/history/([^/]+)/$": form_page(LOOK, page(403, 404, 405)),
}  # fmt: skip

# An agent is no user: `right` has the workspace's own token, `stranger` that of another organization's workspace.
AGENT = Answers(401, 403, 404, 403, 401, 401, 204)

API: dict[str, dict[str, Row]] = {
    "org/import": {"POST": call(403, 404, 403, 201, json={"template": TEMPLATE, "org": "{slug}"})},
    "org/templates": {"GET": call(403, 200, 200, 200)},
    "workspaces": {
        "GET": call(403, 200, 200, 200),
        "POST": call(403, 404, 403, 201, json={"name": "Attic", "org": "{slug}"}),
    },
    "workspaces/<str:workspace_id>": {
        "GET": call(403, 404, 200, 200),
        "PATCH": call(403, 404, 403, 200, json={"tier": 1}),
        "DELETE": call(403, 404, 403, 200),
    },
    "workspaces/<str:workspace_id>/tokens": {"POST": call(403, 404, 403, 201)},
    "workspaces/<str:workspace_id>/restore": {"POST": call(403, 404, 403, 409, json={})},  # it is live
    "workspaces/<str:workspace_id>/heartbeat": {"POST": Row(answers=AGENT)},
    "workspaces/<str:workspace_id>/register": {"POST": Row(answers=AGENT, json={"url": "https://agent.example"})},
    "runs": {"GET": call(403, 200, 200, 200)},
    "runs/<str:run_id>": {"GET": call(403, 404, 200, 200)},
    "runs/<str:run_id>/undo": {"POST": call(403, 404, 403, 201, json={"confirm_removals": 2})},
    "runs/<str:run_id>/operations": {"GET": call(403, 404, 200, 200)},
    "events": {"GET": call(403, 200, 200, 200)},
    # Django's test client is no server that streams: who came in hears 501. tests/audit/test_stream.py asks a real one.
    "events/stream": {"GET": call(403, 501, 501, 501)},
    "schema": {"GET": call(200, 200, 200, 200)},
    "schema/template.json": {"GET": call(200, 200, 200, 200)},
    "docs": {"GET": call(200, 200, 200, 200)},
    "healthz": {"GET": everybody(200)},
    "readyz": {"GET": Row(answers=Answers(200, 200, 200, 200, 200, 200, 200))},
}
NOWHERE = {"^(?!admin(/|$)|static/)": {method: everybody(404) for method in ("GET", "POST")}}

TABLE = PAGES | API | {f"{route}/": rows for route, rows in API.items()} | NOWHERE
