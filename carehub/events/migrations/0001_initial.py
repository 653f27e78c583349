import carehub.core.clock
import carehub.core.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('directory', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE events_event_seq;", "DROP SEQUENCE events_event_seq;"),
        migrations.CreateModel(
            name='Inbox',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='inbox', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('head', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='RecordLog',
            fields=[
                ('record', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='directory.carerecord')),
                ('head', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveBigIntegerField()),
                ('seq', models.BigIntegerField(unique=True)),
                ('type', models.CharField(max_length=60)),
                ('topic', models.CharField(blank=True, max_length=100)),
                ('is_standing', models.BooleanField(default=False)),
                ('priority', models.CharField(max_length=10)),
                ('at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('body', models.JSONField()),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='directory.carerecord')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('pk', models.CompositePrimaryKey('person_id', 'event_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('n', models.PositiveBigIntegerField(null=True)),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('obligation', models.CharField(choices=[('none', 'nothing: you wrote it'), ('inform', 'to be read'), ('acknowledge', 'to be acknowledged'), ('answer', 'to be answered')], default='none', max_length=12)),
                ('ground', models.CharField(blank=True, max_length=20)),
                ('asked_roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('exclusion', models.CharField(blank=True, max_length=20)),
                ('priority', models.CharField(max_length=10)),
                ('due_at', models.DateTimeField(null=True)),
                ('next_rung_at', models.DateTimeField(null=True)),
                ('rung', models.PositiveSmallIntegerField(default=0)),
                ('round', models.PositiveSmallIntegerField(default=1)),
                ('received_at', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(choices=[('acknowledged', 'Acknowledged'), ('answered', 'Answered'), ('handed_over', 'Handed Over'), ('superseded', 'Superseded'), ('withdrawn', 'Withdrawn')], max_length=12, null=True)),
                ('outcome_at', models.DateTimeField(null=True)),
                ('outcome_reason', models.CharField(blank=True, max_length=500)),
                ('outcome_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to=settings.AUTH_USER_MODEL)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='events.event')),
            ],
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['record', '-seq'], name='event_timeline'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('is_standing', True)), fields=['record', 'topic', '-seq'], name='event_standing'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('record', 'number'), name='event_number_per_record'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='event_is_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='dc9cd400137c69771ae55298f0b077694c2fc4ce', operation='UPDATE OR DELETE', pgid='pgtrigger_event_is_immutable_8a249', table='events_event', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='event_has_a_recipient', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM events_delivery WHERE event_id = NEW.id AND n IS NOT NULL\n                    ) THEN\n                        RAISE EXCEPTION 'event % has no recipient', NEW.id USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NULL;\n                ", hash='bc35906efef79cf7111701b858fe6412fb443588', operation='INSERT', pgid='pgtrigger_event_has_a_recipient_3351f', table='events_event', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['event'], name='delivery_event'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('due_at__isnull', False), ('outcome', None)), fields=['person', 'due_at'], name='delivery_open'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('next_rung_at__isnull', False), ('outcome', None)), fields=['next_rung_at'], name='delivery_next_rung'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('n__isnull', False), ('received_at', None)), fields=['person', 'n'], name='delivery_unreceived'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('n__isnull', False)), fields=('person', 'n'), name='inbox_number'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('exclusion', ''), ('n__isnull', False)), models.Q(('n__isnull', True), ('obligation', 'none'), ('outcome', None), ('received_at', None), ('seen_at', None), models.Q(('exclusion', ''), _negated=True)), _connector='OR'), name='excluded_has_no_number'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('obligation__in', ['acknowledge', 'answer'])), models.Q(('due_at__isnull', True), ('obligation__in', ['none', 'inform'])), _connector='OR'), name='due_iff_obliged'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('seen_at', None), models.Q(('received_at__isnull', False), ('seen_at__gte', models.F('received_at'))), _connector='OR'), name='seen_after_received'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['acknowledged', 'answered']), _negated=True), models.Q(('outcome_at__gte', models.F('seen_at')), ('seen_at__isnull', False)), _connector='OR'), name='acknowledged_after_seen'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', None), ('outcome_at', None), ('outcome_by', None)), models.Q(('outcome__isnull', False), ('outcome_at__isnull', False)), _connector='OR'), name='outcome_has_a_time'),
        ),
    ]
