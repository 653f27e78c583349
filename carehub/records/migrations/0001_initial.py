import carehub.core.clock
import carehub.core.ids
import carehub.records.models
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('directory', '0002_cover_ends'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Equality in exclusion constraints; a trusted extension, so the database's owner may create it.
        BtreeGistExtension(),
        migrations.CreateModel(
            name='CoverLook',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('due_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_cover_look')],
            },
        ),
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('time_zone', models.CharField(max_length=64)),
                ('cancelled_at', models.DateTimeField(null=True)),
                ('delegate', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absences', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('cancelled_at', None)), fields=['ends_at'], name='absence_ends')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='absence_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('delegate', None), models.Q(('delegate', models.F('person')), _negated=True), _connector='OR'), name='nobody_is_his_own_delegate'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled_at', None)), expressions=[('person', '='), (carehub.records.models.Period('starts_at', 'ends_at', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='absences_do_not_overlap')],
            },
        ),
        migrations.CreateModel(
            name='CoverGap',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('therapist', 'Therapist'), ('psychiatrist', 'Psychiatrist'), ('primary-care-physician', 'Primary-care physician'), ('specialist-physician', 'Specialist physician'), ('nurse', 'Nurse'), ('pharmacist', 'Pharmacist'), ('allied-health-professional', 'Allied health professional'), ('social-worker', 'Social worker'), ('coordinator', 'Coordinator'), ('privacy-officer', 'Privacy officer'), ('organization-admin', 'Organization admin')], max_length=40)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cover_gaps', to='directory.carerecord')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('record', 'role', 'starts_at'), name='each_gap_told_once'), models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gte', models.F('starts_at')), _connector='OR'), name='gap_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='Shift',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('therapist', 'Therapist'), ('psychiatrist', 'Psychiatrist'), ('primary-care-physician', 'Primary-care physician'), ('specialist-physician', 'Specialist physician'), ('nurse', 'Nurse'), ('pharmacist', 'Pharmacist'), ('allied-health-professional', 'Allied health professional'), ('social-worker', 'Social worker'), ('coordinator', 'Coordinator'), ('privacy-officer', 'Privacy officer'), ('organization-admin', 'Organization admin')], max_length=40)),
                ('kind', models.CharField(choices=[('duty', 'On duty'), ('on-call', 'On call')], max_length=10)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('time_zone', models.CharField(max_length=64)),
                ('cancelled_at', models.DateTimeField(null=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shifts', to='directory.organization')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shifts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('cancelled_at', None)), fields=['organization', 'ends_at'], name='shift_rota')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='shift_ends_after_it_starts'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled_at', None)), expressions=[('person', '='), ('organization', '='), ('role', '='), ('kind', '='), (carehub.records.models.Period('starts_at', 'ends_at', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='shifts_of_one_kind_do_not_overlap')],
            },
        ),
    ]
