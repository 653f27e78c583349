from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('events', '0001_initial')]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='priority',
            field=models.CharField(default='routine', max_length=10),
            preserve_default=False,
        ),
    ]
