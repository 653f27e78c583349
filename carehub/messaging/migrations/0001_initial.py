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
        ('events', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(default='team', max_length=20)),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='directory.carerecord')),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('text', models.TextField()),
                ('priority', models.CharField(max_length=10)),
                ('mentioned_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
                ('mentioned_roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('therapist', 'Therapist'), ('psychiatrist', 'Psychiatrist'), ('primary-care-physician', 'Primary-care physician'), ('specialist-physician', 'Specialist physician'), ('nurse', 'Nurse'), ('pharmacist', 'Pharmacist'), ('allied-health-professional', 'Allied health professional'), ('social-worker', 'Social worker'), ('coordinator', 'Coordinator'), ('privacy-officer', 'Privacy officer'), ('organization-admin', 'Organization admin')], max_length=40), default=list, size=None)),
                ('asks_acknowledgement', models.BooleanField(default=False)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='events.event')),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='messaging.thread')),
            ],
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'team')), fields=('record',), name='one_team_thread'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['thread', '-id'], name='message_thread'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='message',
            trigger=pgtrigger.compiler.Trigger(name='message_is_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7018207e5ec952cab1fcb942a1ac08f60ea5c0a3', operation='UPDATE OR DELETE', pgid='pgtrigger_message_is_immutable_c320c', table='messaging_message', when='BEFORE')),
        ),
    ]
