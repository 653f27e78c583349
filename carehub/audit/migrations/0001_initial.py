import carehub.core.clock
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('person_id', models.UUIDField(null=True)),
                ('outcome', models.CharField(choices=[('done', 'Done'), ('read', 'Read'), ('denied', 'Denied')], max_length=6)),
                ('verb', models.CharField(max_length=60)),
                ('record_id', models.UUIDField(null=True)),
                ('patient_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
                ('object_id', models.UUIDField(null=True)),
                ('address', models.GenericIPAddressField(null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'indexes': [models.Index(fields=['record_id', '-id'], name='trail_record'), models.Index(fields=['person_id', '-at'], name='trail_person'), django.contrib.postgres.indexes.GinIndex(fields=['patient_ids'], name='trail_patients')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='trail_is_insert_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='55bd3fb16d3bc6efb8ce5043d78cd8ba6263c2f3', operation='UPDATE OR DELETE', pgid='pgtrigger_trail_is_insert_only_34ea1', table='audit_entry', when='BEFORE')),
        ),
    ]
