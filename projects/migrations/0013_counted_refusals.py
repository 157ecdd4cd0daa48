"""A door of the audit log: a flood of refusals is counted in one row of it (sql/refusals.sql)."""

from pathlib import Path

from django.db import migrations, models

from database.doors import door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"refusals.sql": "588986622b3ae516"}


class Migration(migrations.Migration):
    dependencies = [("projects", "0012_names_of_projects")]
    operations = [
        migrations.RemoveIndex(model_name="auditevent", name="refusals_lately"),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["actor", "at"], condition=models.Q(("act", "request.refused")), name="refusals_lately"
            ),
        ),
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), door("count_refusal(bigint, bigint, text)")],
            migrations.RunSQL.noop,
        ),
    ]
