import carehub.core.clock
import datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('care', 'Care'), ('demo', 'Demo'), ('tests', 'Tests'), ('prove', 'Prove')], default='care', max_length=10)),
                ('epoch', models.PositiveIntegerField(default=1)),
                ('clock_offset', models.DurationField(default=datetime.timedelta(0))),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_installation'), models.CheckConstraint(condition=models.Q(('clock_offset', datetime.timedelta(0)), ('purpose__in', ['tests', 'prove']), _connector='OR'), name='only_tests_move_the_clock')],
            },
        ),
        # The one clock. STABLE, so that an index serves "what is due?"; offset only where tests or `carehub prove` made
        # the database (constraint above).
        migrations.RunSQL(
            """
            INSERT INTO core_installation (id, purpose, epoch, clock_offset) VALUES (1, 'care', 1, interval '0');
            CREATE FUNCTION carehub_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
            $$ SELECT statement_timestamp() + (SELECT clock_offset FROM core_installation) $$;
            """,
            "DROP FUNCTION carehub_now();",
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('pk', models.CompositePrimaryKey('person_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('person_id', models.UUIDField()),
                ('key', models.CharField(max_length=100)),
                ('fingerprint', models.BinaryField(max_length=32)),
                ('made', models.JSONField(null=True)),
                ('created_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='idempotency_age')],
            },
        ),
    ]
