"""Readings of queries are stored, and people put readings and cells of grids right; rows of all three only grow."""

import database.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from database.append_only import append_only

LOGS = ("catalogue_queryreading", "catalogue_readingcorrection", "catalogue_cellcorrection")


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0009_erased_queries'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QueryReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(choices=[('tagger', 'read by the product'), ('guideline', 'read by a model'), ('person', 'corrected by a person')], max_length=10)),
                ('version', models.CharField(max_length=160)),
                ('body', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('query', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='catalogue.query')),
            ],
        ),
        migrations.CreateModel(
            name='ReadingCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('query', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reading_corrections', to='catalogue.query')),
                ('reading', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='correction', to='catalogue.queryreading')),
                ('replaced', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.queryreading')),
            ],
        ),
        migrations.CreateModel(
            name='CellCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dimension', models.CharField(max_length=30)),
                ('text', models.CharField(max_length=300)),
                ('source', models.CharField(max_length=10)),
                ('verdict', models.CharField(blank=True, max_length=10)),
                ('literal', models.CharField(blank=True, max_length=300)),
                ('at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('grid', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cell_corrections', to='catalogue.grid')),
                ('pair', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cell_corrections', to='catalogue.pair')),
            ],
            options={
                'indexes': [models.Index(fields=['pair', '-id'], name='corrections_of_cells')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('verdict__in', ['', 'silent']), _negated=True), ('literal', ''), _connector='OR'), name='a_silent_cell_has_no_literal')],
            },
        ),
        migrations.AddConstraint(
            model_name='queryreading',
            constraint=models.UniqueConstraint(fields=('query', 'origin', 'version'), name='one_reading_per_query_origin_and_version'),
        ),
        migrations.AddIndex(
            model_name='readingcorrection',
            index=models.Index(fields=['query', '-id'], name='corrections_of_reading'),
        ),
        migrations.RunSQL(append_only(*LOGS), migrations.RunSQL.noop),
    ]
