"""The text of a query leaves through a door (sql/erasing.sql)."""

from pathlib import Path

from django.db import migrations

from database.doors import door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"erasing.sql": "a99cba01d59b922b"}


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0005_deletable"),
        ("catalogue", "0009_erased_queries"),
        ("inference", "0005_choices_of_projects"),
    ]
    operations = [
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), door("erase_query(bigint)")],
            migrations.RunSQL.noop,
        ),
    ]
