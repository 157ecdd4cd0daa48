"""What people are promised, which judgments count, how pairs are settled: sql/ says it."""

from pathlib import Path

from django.db import migrations

from database.append_only import append_only

SQL = Path(__file__).parent.parent / "sql"
LOGS = (
    "annotation_judgment",
    "annotation_gold",
    "annotation_adjudication",
    "annotation_badcasenote",
    "annotation_hardsetmember",
    "annotation_citation",
    "annotation_replayset",
    "annotation_replayentry",
)
# The files as this migration applied them, in this order: whoever changes one writes a migration that applies it anew.
APPLIED = {
    "promises.sql": "5638d9f0d7ed1132",
    "standing_judgment.sql": "b19de39e5a48ece4",
    "settle_pairs.sql": "4a6624d552ef3467",
}
# One statement of the driver each: it takes parameters for none, and a `%` for itself.
STATEMENTS = [append_only(*LOGS), *((SQL / name).read_text(encoding="utf-8") for name in APPLIED)]


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0001_initial"),
        ("projects", "0002_append_only"),
        ("inference", "0002_promises"),
    ]
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
