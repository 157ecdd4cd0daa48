"""The index of the queue holds its whole order. Built beside the old one while people judge."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("annotation", "0014_vanished_tries")]

    operations = [
        # What an earlier try left behind when it gave up (lore_app.management.commands.migrate).
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS open_slots_by_position", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="slot",
            index=models.Index(
                name="open_slots_by_position",
                fields=["project", "position", "number"],
                condition=models.Q(state="open"),
            ),
        ),
        RemoveIndexConcurrently(model_name="slot", name="open_slots_in_order"),
    ]
