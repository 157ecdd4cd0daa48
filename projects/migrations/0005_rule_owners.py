"""Rule owners of the installation. Whoever was rule owner of any project could change the rules of all: an upgrade takes
nothing away, so each of them is one from now on, and the audit log says so."""

from django.db import migrations, models

TURNED = """
UPDATE projects_person SET is_rule_owner = true
WHERE id IN (SELECT person_id FROM projects_membership WHERE role = 'rule_owner');
INSERT INTO projects_auditevent (act, object_kind, object_id, detail)
SELECT 'rule_owner.appointed', 'person', id::text, jsonb_build_object('by', 'upgrade')
FROM projects_person WHERE is_rule_owner ORDER BY id;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0004_forgetting")]
    operations = [
        migrations.AddField(
            model_name="person", name="is_rule_owner", field=models.BooleanField(default=False)
        ),
        migrations.RunSQL(TURNED, migrations.RunSQL.noop),
    ]
