"""Who has read what others said of a pair; whoever has ruled on one so far has."""

import database.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from database.append_only import append_only

RULED = """
INSERT INTO annotation_seenopinions (pair_id, person_id)
SELECT DISTINCT pair_id, adjudicator_id FROM annotation_adjudication ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0010_erasing_by_name'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='lease',
            index=models.Index(condition=models.Q(('prediction__isnull', False)), fields=['pair', 'person'], name='leases_with_a_label'),
        ),
        migrations.CreateModel(
            name='SeenOpinions',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seen_at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('pair', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.pair')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('pair', 'person'), name='opinions_are_seen_once')],
            },
        ),
        migrations.RunSQL(append_only('annotation_seenopinions') + RULED, migrations.RunSQL.noop),
    ]
