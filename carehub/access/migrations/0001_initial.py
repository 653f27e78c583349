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
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleBook',
            fields=[
                ('id', models.UUIDField(default=carehub.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField()),
                ('body', models.JSONField()),
                ('reason', models.TextField()),
                ('adopted_at', models.DateTimeField(db_default=carehub.core.clock.DatabaseNow())),
                ('adopted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rule_books', to='directory.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'version'), name='rulebook_version'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='rulebook_versions_from_1')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rulebook',
            trigger=pgtrigger.compiler.Trigger(name='rulebook_is_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='3718b1b6fe36f8a7a8a4f8c24ffdbb53421b661d', operation='UPDATE OR DELETE', pgid='pgtrigger_rulebook_is_immutable_0aec1', table='access_rulebook', when='BEFORE')),
        ),
    ]
