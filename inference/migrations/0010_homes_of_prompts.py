"""A prompt version is read where it was written or tried, no longer in every project."""

import django.db.models.deletion
from django.db import migrations, models

from database.append_only import append_only

# Where its log says that it was written, else where it was tried; of one that no project tried, where its author works with models.
HOMES = """
WITH told AS (
  SELECT id AS prompt, project_id AS project FROM (
    SELECT p.id, e.project_id FROM inference_promptversion p
    JOIN projects_auditevent e ON e.act = 'prompt.written' AND e.object_kind = 'promptversion' AND e.object_id = p.id::text
    UNION SELECT before_id, project_id FROM inference_comparison
    UNION SELECT after_id, project_id FROM inference_comparison
    UNION SELECT prompt_id, project_id FROM inference_trial WHERE prompt_id IS NOT NULL
  ) found WHERE project_id IS NOT NULL
), authors AS (
  SELECT p.id, m.project_id FROM inference_promptversion p
  JOIN projects_membership m ON m.person_id = p.written_by_id AND m.role IN ('ml_engineer', 'lead')
  WHERE NOT EXISTS (SELECT FROM told WHERE told.prompt = p.id)
)
INSERT INTO inference_prompthome (prompt_id, project_id)
SELECT prompt, project FROM told UNION SELECT id, project_id FROM authors
"""


class Migration(migrations.Migration):
    dependencies = [("inference", "0009_query_readings"), ("projects", "0010_places_of_names")]

    operations = [
        migrations.CreateModel(
            name="PromptHome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="projects.project"
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="homes",
                        to="inference.promptversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("prompt", "project"), name="one_home_per_prompt_and_project")
                ],
            },
        ),
        migrations.RunSQL([HOMES, "SET CONSTRAINTS ALL IMMEDIATE"], migrations.RunSQL.noop),
        migrations.RunSQL(append_only("inference_prompthome"), migrations.RunSQL.noop),
    ]
