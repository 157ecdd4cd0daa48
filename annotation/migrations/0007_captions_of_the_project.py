"""The door of queries anew: it empties captions of its project, and none of another."""

from pathlib import Path

from django.db import migrations

from database.doors import door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"erasing.sql": "c1f4d3947d36e1b9"}


class Migration(migrations.Migration):
    dependencies = [("annotation", "0006_erasing")]
    operations = [
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), door("erase_query(bigint)")],
            migrations.RunSQL.noop,
        ),
    ]
