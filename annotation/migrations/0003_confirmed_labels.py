"""Labels of files come by a confirmed mapping: sql/confirmed_labels.sql says it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"confirmed_labels.sql": "1fd295c529616ceb"}
STATEMENTS = [(SQL / name).read_text(encoding="utf-8") for name in APPLIED]


class Migration(migrations.Migration):
    dependencies = [("annotation", "0002_promises"), ("catalogue", "0008_label_conflicts")]
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
