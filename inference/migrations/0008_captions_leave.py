"""What captions say leaves with its project through a door (sql/captions.sql)."""

from pathlib import Path

from django.db import migrations

from database.doors import door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"captions.sql": "d88eebfe80f052a0"}


class Migration(migrations.Migration):
    dependencies = [("inference", "0007_learnt_names"), ("projects", "0010_places_of_names")]
    operations = [
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), door("empty_captions_of(bigint)")],
            migrations.RunSQL.noop,
        ),
    ]
