"""What files say that models outside of here predicted; rows of it only grow."""

import database.clock
import django.db.models.deletion
from django.db import migrations, models

from database.append_only import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0004_foreign_predictions'),
        ('inference', '0002_promises'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportedPrediction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_sha256', models.CharField(max_length=64)),
                ('row', models.PositiveIntegerField()),
                ('place', models.PositiveSmallIntegerField()),
                ('model_name', models.CharField(max_length=255)),
                ('label', models.CharField(blank=True, max_length=20)),
                ('score', models.FloatField(null=True)),
                ('posterior', models.JSONField(null=True)),
                ('created_at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='foreign_predictions', to='catalogue.import')),
                ('pair', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='foreign_predictions', to='catalogue.pair')),
                ('snapshot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='catalogue.snapshot')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('file_sha256', ''), _negated=True), models.Q(('model_name', ''), _negated=True)), name='foreign_prediction_names_its_origin'), models.CheckConstraint(condition=models.Q(models.Q(('label', ''), _negated=True), ('score__isnull', False), ('posterior__isnull', False), _connector='OR'), name='foreign_prediction_says_something'), models.UniqueConstraint(fields=('pair', 'snapshot', 'file_sha256', 'row', 'place'), name='one_foreign_prediction_per_row')],
            },
        ),
        migrations.RunSQL(append_only('inference_importedprediction'), migrations.RunSQL.noop),
    ]
