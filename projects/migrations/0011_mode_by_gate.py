"""New projects go by the gate of their evidence; those that exist keep the mode that was chosen for them."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0010_places_of_names'),
    ]

    operations = [
        migrations.AlterField(
            model_name='project',
            name='mode',
            field=models.CharField(choices=[('by_gate', 'facts where the evidence is checked, else blind'), ('blind', 'blind'), ('facts', 'facts'), ('reveal', 'reveal'), ('assist', 'assist')], default='by_gate', max_length=10, verbose_name='mode'),
        ),
    ]
