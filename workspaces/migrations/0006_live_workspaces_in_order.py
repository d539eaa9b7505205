"""The list of live workspaces reads them in the order of their ids, past the removed ones, which only grow in number."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("workspaces", "0005_what_became_of_a_request"),)

    operations = (
        migrations.AddIndex(
            model_name="workspace",
            index=models.Index(fields=("id",), condition=~models.Q(status="removed"), name="workspace_live_in_order"),
        ),
    )
