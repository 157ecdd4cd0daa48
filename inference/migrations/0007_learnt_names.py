"""Learnt models of before are called by their project's number, too: models are listed in every project."""

from django.db import migrations

RENAME = """
UPDATE inference_modelversion v SET name = 'distilled-' || l.project_id
FROM inference_learntmodel l JOIN projects_project p ON p.id = l.project_id
WHERE l.version_id = v.id AND v.name = left('distilled-' || p.slug, 80)
"""


class Migration(migrations.Migration):
    dependencies = [("inference", "0006_knowledge_imports")]
    operations = [migrations.RunSQL(RENAME, migrations.RunSQL.noop)]
