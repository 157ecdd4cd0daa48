"""What counts now as two views, and how pairs are settled as one function: annotation/sql says what they are."""

from pathlib import Path

import django.db.models.deletion
import projects.clock
from django.db import migrations, models


SQL = Path(__file__).parent.parent / "sql"
STANDING, SETTLING = ((SQL / name).read_text(encoding="utf-8") for name in ("standing.sql", "settling.sql"))
# These files as this migration applied them: whoever changes one writes a migration that applies it anew.
APPLIED = {"standing.sql": "bcf83c0732027115", "settling.sql": "ef13d300896d0c0e"}
AWAY = """
DROP FUNCTION settle_pairs(bigint[], jsonb);
DROP VIEW annotation_standingprediction;
DROP VIEW annotation_standingjudgment;
"""

# Where nobody had promoted one, the newest cold start that judged a project is what its predictions are of.
COLD = """
INSERT INTO inference_activemodel (project_id, role, model_id)
SELECT DISTINCT ON (r.project_id) r.project_id, 'judge', r.model_id
FROM annotation_prelabelrun r JOIN inference_modelversion m ON m.id = r.model_id
WHERE NOT m.learnt AND m.prompt_id IS NULL ORDER BY r.project_id, r.id DESC
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0015_open_slots_by_position'),
        ('inference', '0011_active_model_of_each_project'),
    ]

    operations = [
        migrations.CreateModel(
            name='StandingJudgment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('round', models.PositiveSmallIntegerField(default=1)),
                ('revision', models.PositiveSmallIntegerField(default=1)),
                ('outcome', models.CharField(choices=[('label', 'label'), ('cannot_tell', 'cannot tell'), ('withdrawn', 'withdrawn')], default='label', max_length=12)),
                ('label', models.CharField(blank=True, max_length=20)),
                ('mismatch', models.CharField(blank=True, max_length=30)),
                ('reason', models.CharField(blank=True, max_length=30)),
                ('no_rule_fits', models.BooleanField(db_default=False)),
                ('note', models.TextField(blank=True)),
                ('mode', models.CharField(blank=True, max_length=10)),
                ('late', models.BooleanField(default=False)),
                ('seconds', models.FloatField(null=True)),
                ('recorded_at', models.DateTimeField(db_default=projects.clock.ClockTimestamp())),
            ],
            options={
                'db_table': 'annotation_standingjudgment',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='StandingPrediction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('knowledge', models.JSONField(default=list)),
                ('prompt_digest', models.CharField(max_length=64)),
                ('sampling', models.JSONField(default=dict)),
                ('key_sha256', models.CharField(max_length=64)),
                ('status', models.CharField(max_length=10)),
                ('reason', models.CharField(blank=True, max_length=60)),
                ('label', models.CharField(blank=True, max_length=2)),
                ('mismatch', models.CharField(blank=True, max_length=30)),
                ('posterior', models.JSONField(null=True)),
                ('margin', models.FloatField(null=True)),
                ('confidence', models.FloatField(null=True)),
                ('chain', models.JSONField(null=True)),
                ('samples', models.JSONField(default=list)),
                ('contradicts', models.JSONField(default=list)),
                ('moved', models.JSONField(default=list)),
                ('signals', models.JSONField(default=list)),
                ('tokens_in', models.PositiveIntegerField(default=0)),
                ('tokens_out', models.PositiveIntegerField(default=0)),
                ('tokens_cached', models.PositiveIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('created_at', models.DateTimeField(db_default=projects.clock.ClockTimestamp())),
            ],
            options={
                'db_table': 'annotation_standingprediction',
                'managed': False,
            },
        ),
        migrations.AlterField(
            model_name='judgment',
            name='judge',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='annotation.judge'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='pair',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='annotation.pair'),
        ),
        migrations.AlterField(
            model_name='prediction',
            name='pair',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='annotation.pair'),
        ),
        # One statement at a time: the driver takes parameters for none, and a `%` for itself.
        migrations.RunSQL([STANDING, SETTLING], [AWAY]),
        migrations.RunSQL(COLD, migrations.RunSQL.noop),
    ]
