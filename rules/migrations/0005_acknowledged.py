"""Who has looked at what the linter finds about a draft; a table that only grows."""

import database.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from database.append_only import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('rules', '0004_codes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FindingAcknowledged',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=64)),
                ('kind', models.CharField(max_length=30)),
                ('rules', models.CharField(max_length=200)),
                ('at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('draft', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acknowledged', to='rules.ruledraft')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('draft', 'person', 'content', 'key'), name='one_word_per_person_and_finding')],
            },
        ),
        migrations.RunSQL(append_only("rules_findingacknowledged"), migrations.RunSQL.noop),
    ]
