"""What a card in assist shows is fixed when it is taken, what a reveal shows with the first answer."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0056_disputes_of_the_active_model'),
        ('rules', '0010_versions_are_published'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='lease',
            name='prediction',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotation.prediction'),
        ),
        migrations.AddConstraint(
            model_name='lease',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('mode__in', ['blind', 'facts']), _negated=True), ('prediction__isnull', True), _connector='OR'), name='blind_leases_never_carry_a_prediction'),
        ),
    ]
