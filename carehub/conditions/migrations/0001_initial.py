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
            name='Flag',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('active', 'Active'), ('inactive', 'Inactive'), ('entered-in-error', 'Entered In Error')], default='active', max_length=20)),
                ('system', models.CharField(max_length=200)),
                ('code', models.CharField(max_length=100)),
                ('display', models.CharField(max_length=200)),
                ('severity', models.CharField(max_length=10)),
                ('category', models.CharField(max_length=20)),
                ('note', models.TextField(blank=True)),
                ('question', models.TextField(blank=True)),
                ('asked_roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('therapist', 'Therapist'), ('psychiatrist', 'Psychiatrist'), ('primary-care-physician', 'Primary-care physician'), ('specialist-physician', 'Specialist physician'), ('nurse', 'Nurse'), ('pharmacist', 'Pharmacist'), ('allied-health-professional', 'Allied health professional'), ('social-worker', 'Social worker'), ('coordinator', 'Coordinator'), ('privacy-officer', 'Privacy officer'), ('organization-admin', 'Organization admin')], max_length=40), default=list, size=None)),
                ('raised_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='events.event')),
                ('raised_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='directory.carerecord')),
            ],
        ),
        migrations.CreateModel(
            name='FlagAnswer',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('therapist', 'Therapist'), ('psychiatrist', 'Psychiatrist'), ('primary-care-physician', 'Primary-care physician'), ('specialist-physician', 'Specialist physician'), ('nurse', 'Nurse'), ('pharmacist', 'Pharmacist'), ('allied-health-professional', 'Allied health professional'), ('social-worker', 'Social worker'), ('coordinator', 'Coordinator'), ('privacy-officer', 'Privacy officer'), ('organization-admin', 'Organization admin')], max_length=40), size=None)),
                ('changes_plan', models.BooleanField()),
                ('text', models.TextField()),
                ('at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='events.event')),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='conditions.flag')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name='flag',
            index=models.Index(fields=['record', '-raised_at'], name='flag_record'),
        ),
        migrations.AddConstraint(
            model_name='flag',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asked_roles', []), ('question', '')), models.Q(models.Q(('question', ''), _negated=True), models.Q(('asked_roles', []), _negated=True)), _connector='OR'), name='a_question_is_to_somebody'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='flaganswer',
            trigger=pgtrigger.compiler.Trigger(name='answer_is_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a76fb51ce2597e94d70b171b8dd9db63a134ea08', operation='UPDATE OR DELETE', pgid='pgtrigger_answer_is_immutable_c8c54', table='conditions_flaganswer', when='BEFORE')),
        ),
    ]
