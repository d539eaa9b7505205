from django.db import migrations, models

import lib.index_order


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="StructureEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_type", models.CharField(max_length=64)),
                ("organization", models.CharField(help_text="The organization's slug.", max_length=63)),
                ("workspace_id", models.UUIDField(null=True)),
                ("import_id", models.UUIDField(null=True)),
                ("actor", models.CharField(max_length=255)),
                ("payload", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "structure_events",
                "ordering": ("-id",),
                "indexes": [
                    models.Index(
                        models.F("organization"),
                        lib.index_order.OppositeNulls("id", descending=True),
                        name="event_by_organization",
                    ),
                    models.Index(fields=["organization", "created_at"], name="event_by_time"),
                    models.Index(fields=["created_at"], name="event_by_minute"),
                    models.Index(
                        models.F("workspace_id"),
                        lib.index_order.OppositeNulls("id", descending=True),
                        name="event_by_workspace",
                    ),
                    models.Index(
                        models.F("import_id"),
                        lib.index_order.OppositeNulls("id", descending=True),
                        include=("organization",),
                        name="event_by_import",
                    ),
                    models.Index(
                        condition=models.Q(("event_type__in", ("org.import.completed", "org.import.failed"))),
                        fields=["import_id"],
                        name="event_end_of_import",
                    ),
                    models.Index(
                        models.F("event_type"),
                        lib.index_order.OppositeNulls("id", descending=True),
                        condition=models.Q(
                            ("event_type__in", ("workspace.provisioning", "workspace.online")), _negated=True
                        ),
                        include=("organization",),
                        name="event_by_type",
                    ),
                ],
                "constraints": [models.CheckConstraint(condition=models.Q(("id__gt", 0)), name="event_id_positive")],
            },
        ),
    ]
