"""Each project asks in a prompt version of its own choice; what a model came after, and what stopped a run, are kept."""

import database.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from database.append_only import append_only

# What new projects start with is what was active for all.
DEFAULT = "INSERT INTO inference_promptchoice (prompt_id) SELECT id FROM inference_promptversion WHERE active"
# A project goes on in the words of its judge, else in those that were active for all, else in the first, which is the shipped one.
OF_PROJECTS = """
INSERT INTO inference_promptchoice (project_id, prompt_id)
SELECT project.id, chosen.id FROM projects_project project, LATERAL (
  SELECT prompt.id FROM inference_promptversion prompt
  ORDER BY prompt.id = (
      SELECT model.prompt_id FROM inference_activemodel active JOIN inference_modelversion model ON model.id = active.model_id
      WHERE active.project_id = project.id AND active.role = 'judge') DESC NULLS LAST, prompt.active DESC, prompt.id
  LIMIT 1) chosen
"""
# The last other model that answered there, whatever its prompts; of a cold start whatever its rules.
BEFORE = """
UPDATE inference_activemodel active SET before_id = (
  SELECT earlier.id FROM inference_formermodel former
  JOIN inference_modelversion earlier ON earlier.id = former.model_id
  JOIN inference_modelversion now ON now.id = active.model_id
  WHERE former.project_id = active.project_id AND earlier.role = active.role
    AND (earlier.name, earlier.engine, earlier.target, earlier.pictures,
         CASE WHEN earlier.prompt_id IS NULL AND NOT earlier.learnt THEN '' ELSE earlier.revision END)
    IS DISTINCT FROM (now.name, now.engine, now.target, now.pictures,
         CASE WHEN now.prompt_id IS NULL AND NOT now.learnt THEN '' ELSE now.revision END)
  ORDER BY former.id DESC LIMIT 1)
"""
# Without the last one the tables could not be changed any more: their foreign keys would still have to be looked at.
CARRIED = [DEFAULT, OF_PROJECTS, BEFORE, "SET CONSTRAINTS ALL IMMEDIATE"]


class Migration(migrations.Migration):
    dependencies = [
        ("inference", "0004_codes"),
        ("projects", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PromptChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chosen_at", models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                (
                    "chosen_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prompt_choices",
                        to="projects.project",
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inference.promptversion"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["project", "-id"], name="prompt_choices_of_project")]},
        ),
        migrations.AddField(
            model_name="activemodel",
            name="before",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="inference.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="prelabelrun", name="refusal", field=models.CharField(blank=True, db_default="", max_length=500)
        ),
        migrations.RunSQL(CARRIED, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="promptversion", name="one_active_prompt"),
        migrations.RemoveField(model_name="promptversion", name="active"),
        migrations.RunSQL(append_only("inference_promptchoice"), migrations.RunSQL.noop),
    ]
