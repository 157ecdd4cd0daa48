"""The audit log only grows."""

from django.db import migrations

from database.append_only import FUNCTION, append_only


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_initial")]
    operations = [
        migrations.RunSQL(FUNCTION + append_only("projects_auditevent"), migrations.RunSQL.noop),
    ]
