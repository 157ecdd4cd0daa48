"""Short names of projects, which stand in addresses and commands, are ASCII and matched in full."""

from django.db import migrations, models

from database.stored_codes import refuse_others


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0006_role_offers'),
    ]

    operations = [
        refuse_others('projects', 'Project', 'slug', '^([-a-zA-Z0-9_]{1,60})$'),
        migrations.AddConstraint(
            model_name='project',
            constraint=models.CheckConstraint(condition=models.Q(('slug__regex', '^([-a-zA-Z0-9_]{1,60})$')), name='project_slug_is_a_code'),
        ),
    ]
