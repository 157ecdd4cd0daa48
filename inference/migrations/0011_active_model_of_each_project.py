"""Which model answers is said per project; the one that was active answers in every project that is there, and in new ones."""

import django.db.models.deletion
import projects.clock
from django.conf import settings
from django.db import migrations, models


# Whoever was active for the installation stays so, project by project, until people of a project choose otherwise.
KEPT = """
INSERT INTO inference_activemodel (project_id, role, model_id)
SELECT p.id, m.role, m.id FROM inference_modelversion m
CROSS JOIN (SELECT id FROM projects_project UNION ALL SELECT NULL) p WHERE m.state = 'active';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('inference', '0010_what_models_learnt_from'),
        ('projects', '0006_refusals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ActiveModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('judge', 'judge'), ('captioner', 'captioner'), ('teacher', 'teacher'), ('student', 'student')], default='judge', max_length=20)),
                ('promoted_at', models.DateTimeField(db_default=projects.clock.ClockTimestamp())),
                ('behind_from', models.BigIntegerField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='modelversion',
            name='one_active_model_per_role',
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='state',
            field=models.CharField(choices=[('registered', 'registered'), ('retired', 'retired')], default='registered', max_length=10),
        ),
        migrations.AddField(
            model_name='activemodel',
            name='model',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='active_in', to='inference.modelversion'),
        ),
        migrations.AddField(
            model_name='activemodel',
            name='project',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='active_models', to='projects.project'),
        ),
        migrations.AddField(
            model_name='activemodel',
            name='promoted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='activemodel',
            constraint=models.UniqueConstraint(fields=('project', 'role'), name='one_active_model_per_project_and_role'),
        ),
        migrations.AddConstraint(
            model_name='activemodel',
            constraint=models.UniqueConstraint(condition=models.Q(('project__isnull', True)), fields=('role',), name='one_default_model_per_role'),
        ),
        migrations.RunSQL(KEPT + "UPDATE inference_modelversion SET state = 'registered' WHERE state = 'active'", migrations.RunSQL.noop),
    ]
