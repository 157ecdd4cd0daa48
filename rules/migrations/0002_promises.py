"""What the rule base promises: sql/promises.sql says it."""

from pathlib import Path

from django.db import migrations

from database.append_only import append_only

SQL = Path(__file__).parent.parent / "sql"
LOGS = (
    "rules_ruleversion",
    "rules_rulebaseversion",
    "rules_rulebaseentry",
)
# The files as this migration applied them, in this order: whoever changes one writes a migration that applies it anew.
APPLIED = {
    "promises.sql": "76458f70960e8352",
}
# One statement of the driver each: it takes parameters for none, and a `%` for itself.
STATEMENTS = [append_only(*LOGS), *((SQL / name).read_text(encoding="utf-8") for name in APPLIED)]


class Migration(migrations.Migration):
    dependencies = [
        ("rules", "0001_initial"),
        ("projects", "0002_append_only"),
    ]
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
