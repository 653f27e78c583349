import carehub.core.clock
import carehub.core.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('events', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Escalation',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('rung', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=20)),
                ('channel', models.CharField(max_length=20)),
                ('result', models.CharField(max_length=40)),
                ('at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='events.event')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('to_person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Dispatch',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('transport', models.CharField(default='mail', max_length=20)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('claimed', 'Claimed'), ('sent', 'Sent'), ('failed', 'Failed')], default='queued', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('claimed_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('escalation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dispatches', to='delivery.escalation')),
            ],
        ),
        migrations.AddConstraint(
            model_name='escalation',
            constraint=models.UniqueConstraint(fields=('event', 'person', 'rung'), name='each_rung_once'),
        ),
        migrations.AddIndex(
            model_name='dispatch',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'claimed'])), fields=['next_attempt_at'], name='dispatch_due'),
        ),
    ]
