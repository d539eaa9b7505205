import uuid

import django.db.models.deletion
import django.db.models.functions.comparison
import simple_history.models
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import lib.case_insensitive
import lib.index_order


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="What is counted, and of whom.", max_length=255, primary_key=True, serialize=False
                    ),
                ),
                ("count", models.PositiveIntegerField()),
                ("ends_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="FileSet",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("content", models.BinaryField(help_text="A tar, as `core.filesets` makes it.")),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Organization",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=63, unique=True)),
                ("name", models.CharField(max_length=255)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("slug",),
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, default="", max_length=255)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("read_only", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("role", models.TextField(blank=True, default="")),
                ("tier", models.PositiveSmallIntegerField(default=2)),
                ("runtime", models.CharField(blank=True, default="langgraph", max_length=255)),
                ("model", models.CharField(blank=True, default="", max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("provisioning", "Provisioning"),
                            ("online", "Online"),
                            ("offline", "Offline"),
                            ("failed", "Failed"),
                            ("removed", "Removed"),
                        ],
                        default="provisioning",
                        max_length=16,
                    ),
                ),
                (
                    "protected",
                    models.BooleanField(default=False, help_text="Never removed: not by a reconcile, not by a delete."),
                ),
                ("external", models.BooleanField(default=False)),
                ("url", models.TextField(blank=True, default="")),
                ("spec", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("last_heartbeat_at", models.DateTimeField(blank=True, null=True)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="workspaces.workspace",
                    ),
                ),
                (
                    "files",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="workspaces",
                        to="workspaces.fileset",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="workspaces",
                        to="workspaces.organization",
                    ),
                ),
            ],
            options={
                "ordering": ("name", "id"),
                "permissions": (
                    ("import_org", "Can import an org template"),
                    ("cascade_delete", "Can cascade-delete workspaces"),
                ),
            },
        ),
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=63, unique=True)),
                ("engine", models.CharField(default="", help_text="What the engine said of itself.", max_length=255)),
                ("engine_seen_at", models.DateTimeField(help_text="When it last answered.", null=True)),
                (
                    "engine_seen_by",
                    models.CharField(default="", help_text="The worker it answered.", max_length=255),
                ),
                ("engine_error", models.TextField(default="", help_text="Empty while it answers.")),
                ("swept_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="installation_once")],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name="organization",
            name="members",
            field=models.ManyToManyField(
                related_name="organizations", through="workspaces.Membership", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="organization",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="workspaces.organization"),
        ),
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("mode", models.CharField(max_length=16)),
                ("template_name", models.CharField(max_length=255)),
                ("template_sha256", models.CharField(max_length=64)),
                ("template_header", models.JSONField(default=dict)),
                ("source", models.CharField(blank=True, default="", max_length=255)),
                ("reason", models.TextField(blank=True, default="")),
                ("actor", models.CharField(max_length=255)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("completed", "Completed"), ("failed", "Failed")],
                        default="running",
                        max_length=16,
                    ),
                ),
                (
                    "owner",
                    models.CharField(
                        help_text="The process that runs it: host, process id, start time.", max_length=255
                    ),
                ),
                ("fingerprint", models.CharField(blank=True, default="", max_length=64)),
                ("created_count", models.PositiveIntegerField(default=0)),
                ("skipped_count", models.PositiveIntegerField(default=0)),
                ("removed_count", models.PositiveIntegerField(default=0)),
                ("left_running_count", models.PositiveIntegerField(default=0)),
                ("live_before", models.PositiveIntegerField(default=0)),
                ("live_after", models.PositiveIntegerField(default=0)),
                ("reconcile_errors", models.JSONField(default=list)),
                ("warnings", models.JSONField(default=list)),
                ("error", models.TextField(blank=True, default="")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="workspaces.organization",
                    ),
                ),
            ],
            options={
                "ordering": ("-started_at",),
            },
        ),
        migrations.CreateModel(
            name="ImportPreview",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("source", models.CharField(blank=True, default="", max_length=255)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "template",
                    models.TextField(help_text="JSON as text: a JSON column may write numbers in another way."),
                ),
                ("merge_fingerprint", models.CharField(max_length=64)),
                ("reconcile_fingerprint", models.CharField(max_length=64)),
                ("seen", models.JSONField(default=list, help_text="The live rows the plans were made from.")),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                (
                    "organization",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="workspaces.organization"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HistoricalWorkspace",
            fields=[
                ("history_actor", models.CharField(default="", max_length=255)),
                ("history_import_id", models.UUIDField(null=True)),
                ("id", models.UUIDField(db_index=True, default=uuid_utils.compat.uuid7, editable=False)),
                ("name", models.CharField(max_length=255)),
                ("role", models.TextField(blank=True, default="")),
                ("tier", models.PositiveSmallIntegerField(default=2)),
                ("runtime", models.CharField(blank=True, default="langgraph", max_length=255)),
                ("model", models.CharField(blank=True, default="", max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("provisioning", "Provisioning"),
                            ("online", "Online"),
                            ("offline", "Offline"),
                            ("failed", "Failed"),
                            ("removed", "Removed"),
                        ],
                        default="provisioning",
                        max_length=16,
                    ),
                ),
                (
                    "protected",
                    models.BooleanField(default=False, help_text="Never removed: not by a reconcile, not by a delete."),
                ),
                ("external", models.BooleanField(default=False)),
                ("url", models.TextField(blank=True, default="")),
                ("spec", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("history_change_reason", models.TextField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "files",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workspaces.fileset",
                    ),
                ),
                ("history_user_id", models.IntegerField(null=True)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workspaces.organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical workspace",
                "verbose_name_plural": "historical workspaces",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [
                    models.Index(
                        models.F("history_import_id"),
                        models.F("history_type"),
                        lib.index_order.OppositeNulls("history_id"),
                        condition=models.Q(("history_import_id__isnull", False)),
                        include=("id",),
                        name="history_by_run",
                    ),
                    models.Index(
                        condition=models.Q(("history_import_id__isnull", True), ("history_type", "+")),
                        fields=["history_id"],
                        name="history_by_hand",
                    ),
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="PreviewFiles",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "files",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="previews", to="workspaces.fileset"
                    ),
                ),
                (
                    "preview",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="workspaces.importpreview"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("cron_expr", models.CharField(max_length=255)),
                ("timezone", models.CharField(default="UTC", max_length=64)),
                ("prompt", models.TextField(blank=True, default="")),
                ("enabled", models.BooleanField(default=True)),
                (
                    "source",
                    models.CharField(
                        choices=[("template", "Template"), ("manual", "Manual")], default="manual", max_length=16
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="schedules",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="WorkspaceToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to="workspaces.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Container",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="container",
                        serialize=False,
                        to="workspaces.workspace",
                    ),
                ),
                ("desired", models.CharField(choices=[("running", "Running"), ("absent", "Absent")], max_length=8)),
                (
                    "observed",
                    models.CharField(
                        choices=[
                            ("absent", "Absent"),
                            ("starting", "Starting"),
                            ("running", "Running"),
                            ("stopping", "Stopping"),
                        ],
                        default="absent",
                        max_length=8,
                    ),
                ),
                ("keep_volumes", models.BooleanField(default=False)),
                ("import_id", models.UUIDField(help_text="The import that decided what is desired.", null=True)),
                (
                    "generation",
                    models.PositiveIntegerField(default=1, help_text="Counts up with each container made anew."),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0, help_text="Failures in a row.")),
                ("last_error", models.TextField(default="")),
                ("asked_at", models.DateTimeField(help_text="When it was asked to start, or to stop.", null=True)),
                ("released_at", models.DateTimeField(help_text="When all it held was seen to be gone.", null=True)),
                (
                    "volume_bytes",
                    models.BigIntegerField(help_text="What its volumes held when they were last measured.", null=True),
                ),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "leased_by",
                    models.CharField(
                        default="", help_text="The worker at it: host, process id, start.", max_length=255
                    ),
                ),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="container_due"
                    ),
                    models.Index(
                        condition=models.Q(("import_id__isnull", False)),
                        fields=["import_id", "desired", "due_at"],
                        name="container_by_import",
                    ),
                    models.Index(
                        condition=models.Q(("last_error", ""), _negated=True),
                        fields=["changed_at"],
                        name="container_failing",
                    ),
                    models.Index(
                        condition=models.Q(("leased_until__isnull", False)),
                        fields=["leased_by"],
                        name="container_leased",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("desired__in", ["running", "absent"])), name="container_desired"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("observed__in", ["absent", "starting", "running", "stopping"])),
                        name="container_observed",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(fields=["organization", "status"], name="workspace_by_status"),
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(models.F("organization"), lib.case_insensitive.Folded("name"), name="workspace_by_name"),
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(
                condition=models.Q(("status", "removed")),
                fields=["organization", "-removed_at", "name", "id"],
                name="workspace_by_removal",
            ),
        ),
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(
                condition=models.Q(("files__isnull", False)), fields=["files"], name="workspace_by_files"
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                django.db.models.functions.comparison.Coalesce(
                    "parent",
                    models.Value(uuid.UUID("00000000-0000-0000-0000-000000000000"), output_field=models.UUIDField()),
                ),
                models.F("name"),
                condition=models.Q(("status", "removed"), _negated=True),
                name="workspace_live_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["provisioning", "online", "offline", "failed", "removed"])),
                name="workspace_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier__gte", 1), ("tier__lte", 4)), name="workspace_tier"
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="workspace_name_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("parent", models.F("id")), _negated=True), name="workspace_not_its_own_parent"
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("removed_at__isnull", False), ("status", "removed")),
                    models.Q(models.Q(("status", "removed"), _negated=True), ("removed_at__isnull", True)),
                    _connector="OR",
                ),
                name="workspace_removed_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("organization", "user"), name="membership_once"),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(fields=["organization", "-started_at"], name="run_by_time"),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(fields=["-started_at"], name="run_latest"),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(condition=models.Q(("state", "running")), fields=["started_at"], name="run_open"),
        ),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["merge", "reconcile"])), name="run_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="importrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", True), ("state", "running")),
                    models.Q(("finished_at__isnull", False), ("state__in", ["completed", "failed"])),
                    _connector="OR",
                ),
                name="run_finished_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="workspacetoken",
            constraint=models.UniqueConstraint(fields=("digest",), name="workspace_token_once"),
        ),
        migrations.AddConstraint(
            model_name="previewfiles",
            constraint=models.UniqueConstraint(fields=("preview", "files"), name="preview_files_once"),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.UniqueConstraint(fields=("workspace", "name"), name="schedule_name"),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["template", "manual"])), name="schedule_source"
            ),
        ),
    ]
