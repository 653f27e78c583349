import carehub.core.clock
import carehub.core.ids
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Person',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('email', models.EmailField(max_length=254)),
                ('is_active', models.BooleanField(default=True)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='one_person_per_email')],
            },
        ),
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('is_active', models.BooleanField(default=True)),
                ('default_care_manager', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Patient',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('birth_date', models.DateField()),
                ('managing_organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='patients', to='directory.organization')),
                ('person', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='patient', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CareRecord',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200)),
                ('status', models.CharField(choices=[('active', 'Active'), ('closed', 'Closed'), ('replaced', 'Replaced')], default='active', max_length=10)),
                ('opened_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('care_manager', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='managed_records', to=settings.AUTH_USER_MODEL)),
                ('replaced_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.carerecord')),
                ('managing_organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='records', to='directory.organization')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='records', to='directory.patient')),
            ],
        ),
        migrations.CreateModel(
            name='PractitionerRole',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('therapist', 'Therapist'), ('psychiatrist', 'Psychiatrist'), ('primary-care-physician', 'Primary-care physician'), ('specialist-physician', 'Specialist physician'), ('nurse', 'Nurse'), ('pharmacist', 'Pharmacist'), ('allied-health-professional', 'Allied health professional'), ('social-worker', 'Social worker'), ('coordinator', 'Coordinator'), ('privacy-officer', 'Privacy officer'), ('organization-admin', 'Organization admin')], max_length=40)),
                ('specialty', models.CharField(blank=True, max_length=100)),
                ('started_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='practitioner_roles', to='directory.organization')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='practitioner_roles', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('therapist', 'Therapist'), ('psychiatrist', 'Psychiatrist'), ('primary-care-physician', 'Primary-care physician'), ('specialist-physician', 'Specialist physician'), ('nurse', 'Nurse'), ('pharmacist', 'Pharmacist'), ('allied-health-professional', 'Allied health professional'), ('social-worker', 'Social worker'), ('coordinator', 'Coordinator'), ('privacy-officer', 'Privacy officer'), ('organization-admin', 'Organization admin')], max_length=40)),
                ('purpose', models.CharField(blank=True, max_length=200)),
                ('started_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='directory.carerecord')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['record'], name='active_team')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('person', 'record', 'role'), name='one_current_membership'), models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='membership_period')],
            },
        ),
        migrations.AddConstraint(
            model_name='carerecord',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('replaced_by__isnull', False), ('status', 'replaced')), models.Q(models.Q(('status', 'replaced'), _negated=True), ('replaced_by__isnull', True)), _connector='OR'), name='replaced_names_its_successor'),
        ),
        migrations.AddConstraint(
            model_name='carerecord',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('status', 'active')), models.Q(('status', 'active'), _negated=True), _connector='OR'), name='active_is_not_closed'),
        ),
        migrations.AddConstraint(
            model_name='practitionerrole',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('person', 'organization', 'code'), name='one_current_practitioner_role'),
        ),
        migrations.AddConstraint(
            model_name='practitionerrole',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='practitioner_role_period'),
        ),
    ]
