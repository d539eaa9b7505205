"""Data for the walk over every page: an organization with at least one object for each page, made once, never
changed."""

from __future__ import annotations

from django.contrib.auth.models import Permission

from tests.browser.people import Office
from tests.sites import Site
from tests.trees import AFTER, BEFORE, Tree
from workspaces.core.planning.plan_values import Mode
from workspaces.models import ApiToken, Organization, WorkspaceToken
from workspaces.services.security.tokens import issue_api_token

SCRATCH: Tree = {"PM": {"Infra Lead": {"Scratch": {}}, "Dev Lead": {"Infra Lead": {}}}}
MOVED: Tree = {"PM": {"Dev Lead": {"Infra Lead": {}}}}


class Exhibits:
    """`dora`, who may do everything here and sees no other test's organization; what addresses have between braces."""

    def __init__(self, site: Site) -> None:
        self._site, self._ask = site, site.database.ask
        self.dora = Office(site).hire("dora", "Operator")
        self._ask(lambda: self.dora.user_permissions.set(Permission.objects.all()))
        self.ids = {**self._settled(), **self._undecided(), **self._tokens()}

    def _office(self) -> Office:
        office = Office(self._site)
        office.admit(self.dora)
        return office

    def _settled(self) -> dict[str, object]:
        """After the story: something was created, kept and removed."""
        office = self._office()
        office.merge(BEFORE)
        office.merge(AFTER)
        run = office.reconcile(AFTER, removing=8)
        gone = office.workspace("PM", "Infra Lead", "Dev Lead", "QA Engineer")
        running = self._office().begin_merge(BEFORE)
        broken = self._office()
        failed = broken.begin_merge(BEFORE)
        broken.fail(failed, "interrupted")
        guarded = self._office()
        guarded.merge(BEFORE)
        guarded.refuse(AFTER)
        refused = guarded.runs()[0]
        evening = self._office()
        evening.merge(BEFORE)
        moved = evening.apply(evening.preview(AFTER, by=self.dora, plugins=["git"]), by=self.dora, mode=Mode.RECONCILE)
        leaking = self._office()
        leaking.merge(BEFORE)
        torn = leaking.reconcile(AFTER, removing=8)
        leaking.stand_behind(torn, error="volume is in use")
        waiting = self._office()
        waiting.merge(BEFORE)
        waiting.merge(AFTER)
        waiting_run = waiting.reconcile(AFTER, removing=8)
        waiting.leave_data(waiting_run)
        sorry = self._office()
        sorry.merge(BEFORE)
        undone = sorry.remove("PM", "Infra Lead", "Dev Lead")
        undo = sorry.undo(undone)
        regretted = sorry.remove("PM", "Infra Lead")
        sorry.leave_data(regretted)
        sorry.destroy_data("QA Engineer")
        taken = sorry.workspace("PM", "Infra Lead")
        sorry.create("Infra Lead", below=("PM",))
        return {
            "slug": office.slug, "run": run.pk, "running": running.pk, "failed": failed.pk,
            "refused": refused.pk, "moved": moved.pk,
            "torn": torn.pk, "leaking": leaking.workspace("PM", "Infra Lead").pk,
            "waiting_run": waiting_run.pk, "undone": undone.pk, "undo": undo.pk, "regretted": regretted.pk,
            "taken": taken.pk, "waiting": waiting.workspace("PM", "Infra Lead").pk, "waiting_slug": waiting.slug,
            "waiting_in": self._ask(Organization.objects.get, slug=waiting.slug).pk,
            "minute": f"day={run.started_at:%Y-%m-%d}&at={run.started_at:%H:%M}&org={office.slug}",
            "workspace": office.workspace("PM").pk, "gone": gone.pk, "version": office.latest_version(gone),
            "event": office.latest_event(), "organization": self._ask(Organization.objects.get, slug=office.slug).pk,
        }  # fmt: skip

    def _undecided(self) -> dict[str, object]:
        """Previews of every kind, and a subtree to remove."""
        accident, moved, changed, fresh = (self._office() for _ in range(4))
        accident.merge(BEFORE)
        accident.merge(AFTER)
        moved.merge(SCRATCH)
        changed.merge(BEFORE)
        previews = {
            "plain": accident.preview(AFTER, by=self.dora),
            "collateral": moved.preview(MOVED, by=self.dora),
            "stale": changed.preview(AFTER, by=self.dora),
            "first": fresh.preview(BEFORE, by=self.dora),
        }
        changed.create("Sandbox")
        used, guarded = self._office(), self._office()
        used.merge(BEFORE)
        guarded.merge({"PM": {"Dev": {}}, "Ops": {}})
        previews["applied"] = used.preview(AFTER, by=self.dora)
        previews["held"] = guarded.preview({"PM": {}}, by=self.dora)
        evening = self._office()
        evening.merge(BEFORE)
        evening.describe("PM", "Infra Lead", role="Keeps the machines")
        previews["evening"] = evening.preview(AFTER, by=self.dora, plugins=["git"])
        used.apply(previews["applied"], by=self.dora)
        return {**previews, "doomed": accident.workspace("PM", "Infra Lead").pk}

    def _tokens(self) -> dict[str, object]:
        office = self._office()
        office.merge(BEFORE)
        office.give_token("PM")
        self._ask(issue_api_token, self.dora, name="laptop")
        return {
            "api_token": self._ask(ApiToken.objects.latest, "created_at").pk,
            "workspace_token": self._ask(WorkspaceToken.objects.latest, "created_at").pk,
            "user": self.dora.pk,
        }
