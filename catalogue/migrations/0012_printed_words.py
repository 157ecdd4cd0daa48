"""Words that were read off pictures, which only grow, the readings of them as work, and grids that name them."""

from pathlib import Path

import database.clock
import django.db.models.deletion
from django.db import migrations, models

from database.append_only import append_only

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"evidence_key.sql": "3f8f5f7a515d982f"}


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0011_evidence_key'),
        ('projects', '0010_places_of_names'),
    ]

    operations = [
        migrations.CreateModel(
            name='PictureWords',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reader', models.CharField(max_length=80)),
                ('state', models.CharField(choices=[('read', 'read'), ('nothing', 'nothing legible'), ('failed', 'not read')], max_length=8)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('lines', models.JSONField(default=list)),
                ('language', models.CharField(blank=True, max_length=20)),
                ('seconds', models.FloatField()),
                ('created_at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('image', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='words_read', to='catalogue.image')),
            ],
        ),
        migrations.CreateModel(
            name='PictureReading',
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
                ('image', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reading', to='catalogue.image')),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='picture_readings', to='projects.project')),
                ('words', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalogue.picturewords')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='picturewords',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'failed'), _negated=True), fields=('image', 'reader'), name='a_reader_reads_a_picture_once'),
        ),
        migrations.AddConstraint(
            model_name='picturewords',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), ('state', 'read'), models.Q(('lines', []), _negated=True)), models.Q(('lines', []), ('reason', ''), ('state', 'nothing')), models.Q(('lines', []), ('state', 'failed'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='words_are_read_or_a_reason_is_told'),
        ),
        migrations.AddIndex(
            model_name='picturereading',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'failed', 'running'])), fields=['due_at'], name='picturereading_due'),
        ),
        migrations.AddIndex(
            model_name='picturereading',
            index=models.Index(condition=models.Q(('state', 'dead')), fields=['id'], name='picturereading_dead'),
        ),
        migrations.AddIndex(
            model_name='picturereading',
            index=models.Index(fields=['project', 'state', 'id'], name='picture_readings_by_state'),
        ),
        migrations.AddConstraint(
            model_name='picturereading',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'running'), ('token__isnull', False)), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until__isnull', True)), _connector='OR'), name='picturereading_lease_while_running'),
        ),
        migrations.AddConstraint(
            model_name='picturereading',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('words__isnull', False), _connector='OR'), name='a_reading_is_done_with_its_words'),
        ),
        migrations.RunSQL(append_only("catalogue_picturewords"), migrations.RunSQL.noop),
        migrations.RunSQL([(SQL / name).read_text(encoding="utf-8") for name in APPLIED], migrations.RunSQL.noop),
    ]
