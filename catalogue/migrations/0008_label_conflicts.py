"""Labels of a file that are not what stands are listed; rows of them only grow."""

import django.db.models.deletion
from django.db import migrations, models

from database.append_only import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0007_row_reasons'),
    ]

    operations = [
        migrations.AddField(
            model_name='import',
            name='conflicts',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name='LabelConflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row', models.PositiveIntegerField()),
                ('rater', models.CharField(blank=True, max_length=80)),
                ('said', models.CharField(max_length=20)),
                ('said_mismatch', models.CharField(blank=True, max_length=30)),
                ('met', models.CharField(max_length=20)),
                ('met_mismatch', models.CharField(blank=True, max_length=30)),
                ('ground', models.CharField(choices=[('adjudication', 'adjudication'), ('import', 'an import, or an earlier row of this one'), ('consensus', 'consensus'), ('rating', 'the same rater, in a row or an import before')], max_length=12)),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='conflicts_listed', to='catalogue.import')),
                ('earlier', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.import')),
                ('pair', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='label_conflicts', to='catalogue.pair')),
            ],
            options={
                'indexes': [models.Index(fields=['batch', 'row'], name='label_conflicts_by_import')],
            },
        ),
        migrations.RunSQL(append_only('catalogue_labelconflict'), migrations.RunSQL.noop),
    ]
