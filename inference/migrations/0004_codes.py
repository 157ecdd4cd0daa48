"""Names of prompt versions, which stand in every prediction, are ASCII and matched in full."""

from django.db import migrations, models

from database.stored_codes import refuse_others


class Migration(migrations.Migration):

    dependencies = [
        ('inference', '0003_imported_predictions'),
    ]

    operations = [
        refuse_others('inference', 'PromptVersion', 'name', '^([-a-zA-Z0-9_.+]{1,60})$'),
        migrations.AddConstraint(
            model_name='promptversion',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^([-a-zA-Z0-9_.+]{1,60})$')), name='prompt_name_is_a_code'),
        ),
    ]
