"""The door of queries anew: it changes the columns and keys that it names, where the text of a query can stand, and no other."""

from pathlib import Path

from django.db import migrations

from database.doors import door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"erasing.sql": "e2a665734aee6f15"}


class Migration(migrations.Migration):
    dependencies = [("annotation", "0009_evidence_checks"), ("inference", "0010_homes_of_prompts")]
    operations = [
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), door("erase_query(bigint)")],
            migrations.RunSQL.noop,
        ),
    ]
