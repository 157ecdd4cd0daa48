"""Readings and grids of a project are made anew as a job."""

import database.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0012_printed_words'),
        ('projects', '0010_places_of_names'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EvidenceRemaking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed, will retry'), ('dead', 'dead'), ('cancelled', 'cancelled')], default='queued', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('vanished', models.PositiveSmallIntegerField(db_default=0)),
                ('token', models.UUIDField(null=True)),
                ('holder', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('error', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('finished_at', models.DateTimeField(null=True)),
                ('total', models.PositiveIntegerField(default=0)),
                ('seen', models.PositiveIntegerField(default=0)),
                ('made', models.PositiveIntegerField(default=0)),
                ('reached', models.BigIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='remakings', to='projects.project')),
                ('query', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.query')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'failed', 'running'])), fields=['due_at'], name='evidenceremaking_due'), models.Index(condition=models.Q(('state', 'dead')), fields=['id'], name='evidenceremaking_dead')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'running'), ('token__isnull', False)), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until__isnull', True)), _connector='OR'), name='evidenceremaking_lease_while_running'), models.UniqueConstraint(condition=models.Q(('query', None), ('state__in', ['queued', 'failed', 'running'])), fields=('project',), name='one_remaking_per_project_at_a_time')],
            },
        ),
    ]
