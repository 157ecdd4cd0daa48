"""No two projects are called alike from now on; those that are keep their names, are told and marked until they are renamed."""

import logging

from django.db import migrations, models

import projects.models

ALIKE = """
SELECT id, name, slug, row_number() OVER same AS place, first_value(slug) OVER same AS oldest FROM projects_project
WINDOW same AS (
  PARTITION BY lower(normalize(regexp_replace(btrim(name), '\\s+', ' ', 'g'), NFKC)) ORDER BY id)
"""


def mark(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ALIKE)
        for key, name, slug, place, oldest in cursor.fetchall():
            if place > 1:
                cursor.execute("UPDATE projects_project SET shares_name = true WHERE id = %s", [key])
                logging.getLogger(__name__).warning(
                    "projects /p/%s/ and /p/%s/ are both called %r: rename one in its settings", oldest, slug, name
                )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("projects", "0011_mode_by_gate")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="shares_name",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.UniqueConstraint(
                projects.models.NameAsRead("name"),
                condition=models.Q(("shares_name", False)),
                name="one_project_per_name",
            ),
        ),
    ]
