"""Installations that are there: each project's model under the prompts it was asked with last, and disputes with it alone.

Before, the newest prediction of any model stood. What people and model differ in is looked at again from the first pair on;
where a project has no model, nothing of a model is in dispute.
"""

from django.db import migrations

# Prompts that were made active after a promotion had a row of their own, without its mark.
PROMPTED = """
UPDATE inference_activemodel a SET model_id = (
  SELECT x.id FROM inference_modelversion x LEFT JOIN inference_promptversion p ON p.id = x.prompt_id
  WHERE (x.name, x.engine, x.target, x.revision, x.role, x.pictures)
      = (m.name, m.engine, m.target, m.revision, m.role, m.pictures)
  ORDER BY coalesce(p.active, false) DESC, x.id DESC LIMIT 1)
FROM inference_modelversion m WHERE m.id = a.model_id AND m.prompt_id IS NOT NULL AND a.promoted_by_id IS NULL
"""
BEHIND = "UPDATE inference_activemodel SET behind_from = 0 WHERE project_id IS NOT NULL AND role = 'judge'"
NOBODYS = """
UPDATE annotation_disagreement d SET state = 'withdrawn', closed_at = clock_timestamp()
WHERE state = 'open' AND kind = 'human_model' AND NOT EXISTS (
  SELECT FROM inference_activemodel a WHERE a.project_id = d.project_id AND a.role = 'judge')
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0055_more_judgments"), ("inference", "0011_active_model_of_each_project")]
    operations = [migrations.RunSQL([PROMPTED, BEHIND, NOBODYS], migrations.RunSQL.noop)]
