import carehub.core.clock
import carehub.core.ids
import datetime
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('delivery', '0001_initial'),
        ('directory', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('transport', models.CharField(choices=[('mail', 'Mail'), ('webhook', 'Webhook')], max_length=20)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('paused_until', models.DateTimeField(null=True)),
                ('handed_over_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(
            "INSERT INTO delivery_channel (id, transport, failures) VALUES ('00000000-0000-7000-8000-000000000001', 'mail', 0)",
            migrations.RunSQL.noop,
        ),
        migrations.CreateModel(
            name='ContactPoint',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('value', models.CharField(max_length=100)),
                ('rank', models.PositiveSmallIntegerField(default=1)),
                ('added_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('removed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Gateway',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('url', models.CharField(max_length=500)),
                ('secret', models.CharField(max_length=80)),
                ('previous_secret', models.CharField(blank=True, max_length=80)),
                ('previous_until', models.DateTimeField(null=True)),
                ('opened_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('closed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('quiet_from', models.TimeField(null=True)),
                ('quiet_until', models.TimeField(null=True)),
                ('digest_at', models.TimeField(default=datetime.time(8, 0))),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='dispatch',
            name='dispatch_has_one_reason',
        ),
        migrations.AddField(
            model_name='dispatch',
            name='is_digest',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='is_test',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='key',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='passes_on_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='priority',
            field=models.CharField(default='urgent', max_length=10),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='queued_at',
            field=models.DateTimeField(db_default=carehub.core.clock.DatabaseNow()),
        ),
        migrations.AlterField(
            model_name='dispatch',
            name='state',
            field=models.CharField(choices=[('queued', 'Queued'), ('claimed', 'Claimed'), ('sent', 'Sent'), ('failed', 'Failed'), ('withdrawn', 'Withdrawn')], default='queued', max_length=10),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='result',
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='round',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.UniqueConstraint(condition=models.Q(('transport', 'mail')), fields=('transport',), name='one_mail_channel'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('failures', 0), ('paused_until', None)), models.Q(('failures__gt', 0), ('paused_until__isnull', False)), _connector='OR'), name='only_failures_pause'),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='channel',
            field=models.ForeignKey(default=uuid.UUID('00000000-0000-7000-8000-000000000001'), on_delete=django.db.models.deletion.PROTECT, related_name='dispatches', to='delivery.channel'),
        ),
        migrations.AddField(
            model_name='contactpoint',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contact_points', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='dispatch',
            name='contact_point',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='delivery.contactpoint'),
        ),
        migrations.AddIndex(
            model_name='dispatch',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'claimed'])), fields=['channel', 'next_attempt_at'], name='dispatch_due_by_channel'),
        ),
        migrations.AddIndex(
            model_name='dispatch',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['channel', 'passes_on_at'], name='dispatch_passes_on'),
        ),
        migrations.AddConstraint(
            model_name='dispatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('escalation', None), ('incident', None), ('is_test', True)), models.Q(('is_test', False), models.Q(('escalation', None), ('incident', None), _connector='XOR')), _connector='OR'), name='dispatch_has_one_reason'),
        ),
        migrations.AddConstraint(
            model_name='dispatch',
            constraint=models.UniqueConstraint(condition=models.Q(('escalation__isnull', False)), fields=('escalation', 'person', 'contact_point'), name='one_notice_of_a_rung_by_each_way', nulls_distinct=False),
        ),
        # Earlier notices of one incident told nothing apart the days on which it was asked.
        migrations.RunSQL(
            """
            UPDATE delivery_dispatch SET round = told.round FROM (
                SELECT id, row_number() OVER (PARTITION BY incident_id, person_id ORDER BY id) - 1 AS round
                  FROM delivery_dispatch WHERE incident_id IS NOT NULL) AS told
             WHERE told.id = delivery_dispatch.id AND told.round > 0
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='dispatch',
            constraint=models.UniqueConstraint(condition=models.Q(('incident__isnull', False)), fields=('incident', 'round', 'person', 'contact_point'), name='one_notice_of_an_incident_by_each_way', nulls_distinct=False),
        ),
        migrations.AddField(
            model_name='gateway',
            name='channel',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='gateway', to='delivery.channel'),
        ),
        migrations.AddField(
            model_name='gateway',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gateways', to='directory.organization'),
        ),
        migrations.AddField(
            model_name='contactpoint',
            name='gateway',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contact_points', to='delivery.gateway'),
        ),
        migrations.AddField(
            model_name='preference',
            name='person',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='preference', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='gateway',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('organization', 'name'), name='one_open_gateway_of_a_name'),
        ),
        migrations.AddConstraint(
            model_name='gateway',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('previous_secret', ''), ('previous_until', None)), models.Q(models.Q(('previous_secret', ''), _negated=True), ('previous_until__isnull', False)), _connector='OR'), name='previous_secret_ends'),
        ),
        migrations.AddConstraint(
            model_name='contactpoint',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('person', 'gateway', 'value'), name='each_contact_point_once'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quiet_from', None), ('quiet_until', None)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False), models.Q(('quiet_from', models.F('quiet_until')), _negated=True)), _connector='OR'), name='quiet_hours_begin_and_end'),
        ),
    ]
