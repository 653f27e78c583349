from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='covers_id',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='membership',
            name='covers_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('covers_until__isnull', False), ('ended_at', None)), fields=['covers_until'], name='cover_ends'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('covers_id', None), ('covers_until', None)), models.Q(('covers_id__isnull', False), ('covers_until__isnull', False)), _connector='OR'), name='cover_has_an_end'),
        ),
    ]
