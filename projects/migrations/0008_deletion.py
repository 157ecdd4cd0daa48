"""A project that is being deleted, and the doors through which it leaves."""

from pathlib import Path

import database.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from database.doors import door


SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"deletion.sql": "6260657c610d7ad5"}
DOORS = ("delete_of_project(bigint, integer, integer)", "index_for_deletion()", "end_of_deletion()")


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0007_codes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Deletion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('prepared', models.BooleanField(default=False)),
                ('step', models.PositiveIntegerField(default=0)),
                ('rows_gone', models.PositiveBigIntegerField(default=0)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to='projects.project')),
            ],
        ),
        migrations.RunSQL(
            [*((SQL / name).read_text(encoding="utf-8") for name in APPLIED), *map(door, DOORS)],
            migrations.RunSQL.noop,
        ),
    ]
