"""Room for what the engine holds and the database does not know: strays, and epochs that name no event of ours."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0002_room_for_the_last_change"),)

    operations = (
        migrations.CreateModel(
            name="Stray",
            fields=[
                ("workspace_id", models.UUIDField(primary_key=True, serialize=False)),
                ("why", models.CharField(max_length=64)),
                ("name", models.CharField(default="", help_text="What the container's label says.", max_length=255)),
                (
                    "organization",
                    models.CharField(default="", help_text="The slug that the container's label says.", max_length=63),
                ),
                ("container", models.BooleanField(help_text="Whether there is a container, running or not.")),
                ("runs", models.BooleanField()),
                ("volumes", models.JSONField(default=list, help_text="Their names.")),
                ("first_seen_at", models.DateTimeField()),
                (
                    "stopped_at",
                    models.DateTimeField(help_text="When its quarantine was over and a worker stopped it.", null=True),
                ),
            ],
            options={"ordering": ("workspace_id",)},
        ),
        migrations.CreateModel(
            name="UnknownEpoch",
            fields=[
                ("epoch", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("first_seen_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("accepted_by", models.CharField(default="", max_length=255)),
            ],
            options={
                "ordering": ("first_seen_at", "epoch"),
                "indexes": (
                    models.Index(
                        condition=models.Q(("accepted_at", None)),
                        fields=("first_seen_at",),
                        name="epoch_not_accepted",
                    ),
                ),
            },
        ),
    )
