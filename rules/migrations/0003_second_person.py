"""The second person of a publication is a rule owner of the installation: sql/second_person.sql says it.

Its function and trigger were in promises.sql before: a database that migration 0002 gave them gets them anew here.
"""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"
APPLIED = {
    "second_person.sql": "c2a88bc572f63ef9",
}
STATEMENTS = [(SQL / name).read_text(encoding="utf-8") for name in APPLIED]


class Migration(migrations.Migration):
    dependencies = [
        ("rules", "0002_promises"),
        ("projects", "0005_rule_owners"),
    ]
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
