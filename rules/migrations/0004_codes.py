"""Rule codes are ASCII and matched in full: a code with a line break behind it killed the jobs of its pairs."""

from django.db import migrations, models

from database.stored_codes import refuse_others


class Migration(migrations.Migration):

    dependencies = [
        ('rules', '0003_second_person'),
    ]

    operations = [
        refuse_others('rules', 'DraftedRule', 'code', '^(R-[0-9]{3,5})$'),
        refuse_others('rules', 'Rule', 'code', '^(R-[0-9]{3,5})$'),
        migrations.AddConstraint(
            model_name='draftedrule',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^(R-[0-9]{3,5})$')), name='drafted_rule_code_is_a_code'),
        ),
        migrations.AddConstraint(
            model_name='rule',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^(R-[0-9]{3,5})$')), name='rule_code_is_a_code'),
        ),
    ]
