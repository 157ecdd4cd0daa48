"""The door of queries anew: readings of a query and what people put right in its cells lose its words, too."""

from pathlib import Path

from django.db import migrations

from database.doors import door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"erasing.sql": "567dcabdf8e87311"}


class Migration(migrations.Migration):
    dependencies = [("annotation", "0007_captions_of_the_project"), ("catalogue", "0010_readings")]
    operations = [
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), door("erase_query(bigint)")],
            migrations.RunSQL.noop,
        ),
    ]
