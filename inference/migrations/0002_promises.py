"""What models promise, and which prediction counts: sql/ says it."""

from pathlib import Path

from django.db import migrations

from database.append_only import append_only

SQL = Path(__file__).parent.parent / "sql"
LOGS = (
    "inference_calibration",
    "inference_caption",
    "inference_knowledgerevision",
    "inference_learntmodel",
    "inference_lineage",
    "inference_prediction",
    "inference_prelabelattempt",
    "inference_queryguideline",
)
# The files as this migration applied them, in this order: whoever changes one writes a migration that applies it anew.
APPLIED = {
    "promises.sql": "a264340ff0a33ba0",
    "standing_prediction.sql": "cb96aabe57db2a97",
}
# One statement of the driver each: it takes parameters for none, and a `%` for itself.
STATEMENTS = [append_only(*LOGS), *((SQL / name).read_text(encoding="utf-8") for name in APPLIED)]


class Migration(migrations.Migration):
    dependencies = [
        ("inference", "0001_initial"),
        ("projects", "0002_append_only"),
    ]
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
