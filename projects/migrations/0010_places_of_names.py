"""The doors of the audit log anew: a name leaves the places where names stood, not every value that equals it."""

from pathlib import Path

from django.db import migrations

from database.doors import door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"forgetting.sql": "b953cd9ade50927f"}
DOORS = ("end_audit_details(integer)", "forget_person_in_audit(bigint)")


class Migration(migrations.Migration):
    dependencies = [("projects", "0009_bounded_leases")]
    operations = [
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), *map(door, DOORS)],
            migrations.RunSQL.noop,
        ),
    ]
