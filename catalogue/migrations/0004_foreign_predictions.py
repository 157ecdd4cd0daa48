"""An import tells how many foreign predictions it brought, and which file they come from."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0003_locale'),
    ]

    operations = [
        migrations.AddField(
            model_name='import',
            name='file_sha256',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='import',
            name='predictions',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
