"""What a grid is made with says which reading stands and which cells people have put right (sql/evidence_key.sql)."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"evidence_key.sql": "4f19ac1b9b921c3c"}


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0010_readings")]
    operations = [
        migrations.AlterField(
            "cellcorrection",
            "grid",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="cell_corrections", to="catalogue.grid"
            ),
        ),
        migrations.RunSQL([(SQL / name).read_text(encoding="utf-8") for name in APPLIED], migrations.RunSQL.noop),
    ]
