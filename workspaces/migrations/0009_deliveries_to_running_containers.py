"""The content of a container's config volume is numbered, so that a running one gets what changed.

Containers that are there count as having what was imported: no release before this could change it.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0008_moves_and_updates"),)

    operations = (
        migrations.AddField(
            model_name="container",
            name="configuration",
            field=models.PositiveIntegerField(
                db_default=1, default=1, help_text="Counts up when what belongs into its config volume changes."
            ),
        ),
        migrations.AddField(
            model_name="container",
            name="delivered",
            field=models.PositiveIntegerField(
                db_default=1, default=1, help_text="The newest configuration that its container has."
            ),
        ),
    )
