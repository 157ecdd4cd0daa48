"""Which models answered in a project before the one that does now."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inference', '0011_active_model_of_each_project'),
        ('projects', '0010_no_demo_mark'),
    ]

    operations = [
        migrations.CreateModel(
            name='FormerModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inference.modelversion')),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='former_models', to='projects.project')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('project', 'model'), name='one_former_model_per_project')],
            },
        ),
    ]
