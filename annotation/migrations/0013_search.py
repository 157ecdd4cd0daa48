"""Pairs that are found quickly: flags that triggers keep, indexes that a filter walks along, words to search in.

And what a judging card needs at hand: the grid of a lease, a judge's count by day. Indexes that began another one go.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A flag is set with the first row that it speaks of, whoever writes it; rows that were there before are read by the worker
# together with the words (annotation.wording).
FLAGS = """
CREATE FUNCTION pair_is_judged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE annotation_pair SET judged = true WHERE id = NEW.pair_id AND NOT judged;
  RETURN NULL;
END $$;
CREATE TRIGGER pair_is_judged AFTER INSERT ON annotation_judgment
  FOR EACH ROW WHEN (NEW.batch_id IS NULL) EXECUTE FUNCTION pair_is_judged();

CREATE FUNCTION pair_is_predicted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE annotation_pair SET predicted = true WHERE id = NEW.pair_id AND NOT predicted;
  RETURN NULL;
END $$;
CREATE TRIGGER pair_is_predicted AFTER INSERT ON annotation_prediction
  FOR EACH ROW WHEN (NEW.status = 'ok') EXECUTE FUNCTION pair_is_predicted();

CREATE FUNCTION item_reads_otherwise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE annotation_pair SET findable = false WHERE item_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER item_reads_otherwise AFTER UPDATE ON annotation_item
  FOR EACH ROW WHEN (OLD.current_snapshot_id IS DISTINCT FROM NEW.current_snapshot_id AND OLD.current_snapshot_id IS NOT NULL)
  EXECUTE FUNCTION item_reads_otherwise();
"""
FLAGS_AWAY = """
DROP TRIGGER pair_is_judged ON annotation_judgment;
DROP FUNCTION pair_is_judged();
DROP TRIGGER pair_is_predicted ON annotation_prediction;
DROP FUNCTION pair_is_predicted();
DROP TRIGGER item_reads_otherwise ON annotation_item;
DROP FUNCTION item_reads_otherwise();
"""

# What stands at the end of each day that somebody judged on.
DAYS = """
INSERT INTO annotation_dayofwork (judge_id, day, done)
SELECT judge_id, (recorded_at AT TIME ZONE %s)::date, count(*) FROM (
  SELECT DISTINCT ON (j.judge_id, j.pair_id, j.round) j.judge_id, j.recorded_at, j.outcome
  FROM annotation_judgment j WHERE j.batch_id IS NULL
  ORDER BY j.judge_id, j.pair_id, j.round, j.revision DESC) last
WHERE outcome <> 'withdrawn' GROUP BY 1, 2
"""


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0012_indexes_that_are_asked'),
        ('projects', '0006_refusals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PairWords',
            fields=[
                ('pair', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='words', serialize=False, to='annotation.pair')),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
        ),
        migrations.AddField(
            model_name='pair',
            name='findable',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='pair',
            name='judged',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='pair',
            name='predicted',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AlterField(
            model_name='pair',
            name='project',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='pairs', to='projects.project'),
        ),
        migrations.AlterField(
            model_name='pair',
            name='query',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='pairs', to='annotation.query'),
        ),
        migrations.AddIndex(
            model_name='badcase',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['project', 'pair'], name='pairs_flagged'),
        ),
        migrations.AddIndex(
            model_name='disagreement',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['project', 'pair'], name='pairs_in_dispute'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('gold_label', '')), fields=['project', 'id'], name='pairs_without_gold'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('gold_label', ''), _negated=True), fields=['project', 'gold_label', 'id'], name='pairs_by_label'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('judged', True)), fields=['project', 'id'], name='pairs_judged'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('predicted', True)), fields=['project', 'id'], name='pairs_predicted'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('predicted', False)), fields=['project', 'id'], name='pairs_not_predicted'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('findable', False)), fields=['project', 'id'], name='pairs_to_read'),
        ),
        migrations.AddIndex(
            model_name='query',
            index=models.Index(condition=models.Q(('is_benchmark', True)), fields=['project', 'id'], name='benchmark_queries'),
        ),
        migrations.AddIndex(
            model_name='pairwords',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['words'], name='pairs_by_word'),
        ),
        migrations.CreateModel(
            name='DayOfWork',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('done', models.IntegerField()),
            ],
        ),
        migrations.AddField(
            model_name='lease',
            name='grid',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='annotation.grid'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='judge',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='annotation.judge'),
        ),
        migrations.AlterField(
            model_name='judgment',
            name='pair',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='annotation.pair'),
        ),
        migrations.AlterField(
            model_name='lease',
            name='person',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='slot',
            name='pair',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='slots', to='annotation.pair'),
        ),
        migrations.AlterField(
            model_name='slot',
            name='project',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='slots', to='projects.project'),
        ),
        migrations.AddIndex(
            model_name='slot',
            index=models.Index(fields=['project', 'state'], name='slots_by_state'),
        ),
        migrations.AddField(
            model_name='dayofwork',
            name='judge',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='days', to='annotation.judge'),
        ),
        migrations.AddConstraint(
            model_name='dayofwork',
            constraint=models.UniqueConstraint(fields=('judge', 'day'), name='one_count_per_judge_and_day'),
        ),
        migrations.RunSQL(FLAGS, FLAGS_AWAY),
        migrations.RunSQL([(DAYS, [settings.TIME_ZONE])], migrations.RunSQL.noop),
    ]
