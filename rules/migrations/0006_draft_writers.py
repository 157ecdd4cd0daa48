"""Everybody who had a hand in a draft; a table that only grows. Drafts of before: who is its author, whose change it holds, and
whoever the audit log says has changed, taken back or submitted."""

from pathlib import Path

import database.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from database.append_only import append_only

SQL = Path(__file__).parent.parent / "sql"
APPLIED = {
    "draft_writers.sql": "37bdebdf6e03fd3e",
}
STATEMENTS = [(SQL / name).read_text(encoding="utf-8") for name in APPLIED]
KNOWN = """
INSERT INTO rules_draftwriter (draft_id, person_id)
SELECT id, author_id FROM rules_ruledraft
UNION SELECT draft_id, updated_by_id FROM rules_draftedrule
UNION SELECT d.id, a.actor_id FROM projects_auditevent a JOIN rules_ruledraft d ON d.id::text = a.object_id
  WHERE a.object_kind = 'ruledraft' AND a.actor_id IS NOT NULL AND d.approver_id IS DISTINCT FROM a.actor_id
    AND a.act IN ('rules.draft_changed', 'rules.draft_retires', 'rules.draft_took_back', 'rules.draft_submitted')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('rules', '0005_acknowledged'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DraftWriter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=database.clock.ClockTimestamp())),
                ('draft', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='writers', to='rules.ruledraft')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('draft', 'person'), name='one_hand_per_draft_and_person')],
            },
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.RunSQL(append_only("rules_draftwriter"), migrations.RunSQL.noop),
        migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop),
    ]
