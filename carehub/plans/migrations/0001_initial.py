import carehub.core.clock
import carehub.core.ids
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
            name='Plan',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('active', 'Active'), ('on-hold', 'On Hold'), ('completed', 'Completed'), ('revoked', 'Revoked')], default='active', max_length=20)),
                ('revision', models.PositiveIntegerField()),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='directory.carerecord')),
            ],
        ),
        migrations.CreateModel(
            name='Intervention',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(default='active', max_length=20)),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='interventions', to='plans.plan')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Goal',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('lifecycle_status', models.CharField(default='active', max_length=20)),
                ('achievement_status', models.CharField(choices=[('in-progress', 'In progress'), ('improving', 'Improving'), ('worsening', 'Worsening'), ('no-change', 'No change'), ('achieved', 'Achieved'), ('sustaining', 'Sustaining'), ('not-achieved', 'Not achieved'), ('no-progress', 'No progress'), ('not-attainable', 'Not attainable')], default='in-progress', max_length=20)),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='goals', to='plans.plan')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PlanRevision',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('rationale', models.TextField()),
                ('changes', models.JSONField()),
                ('is_material', models.BooleanField()),
                ('definition', models.JSONField()),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='events.event')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='plans.plan')),
            ],
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['active', 'on-hold'])), fields=('record',), name='one_current_plan'),
        ),
        migrations.AddConstraint(
            model_name='planrevision',
            constraint=models.UniqueConstraint(fields=('plan', 'number'), name='plan_revision_number'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planrevision',
            trigger=pgtrigger.compiler.Trigger(name='revision_is_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='354dd554352841ffcdef7697b9f60dfa983324c9', operation='UPDATE OR DELETE', pgid='pgtrigger_revision_is_immutable_27adb', table='plans_planrevision', when='BEFORE')),
        ),
    ]
