"""Doors of the audit log; addresses and names that events told in clear are taken out of them, through none.

The owner changes the rows himself, once: an address becomes the keyed hash that new events tell, a user name goes, since the
event names its person by number.
"""

from pathlib import Path

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from database.doors import FUNCTIONS, door

SQL = Path(__file__).parent.parent / "sql"
# The file as this migration applied it: whoever changes it writes a migration that applies it anew.
APPLIED = {"forgetting.sql": "3a5d65c36af0f711"}
DOORS = ("end_audit_details(integer)", "forget_person_in_audit(bigint)")


def take_out(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    from projects.client_addresses import keyed

    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lore.forgetting', 'on', true)")
        cursor.execute("SELECT DISTINCT detail->>'address' FROM projects_auditevent WHERE act = 'sign_in.waits'")
        for (address,) in cursor.fetchall():
            cursor.execute(
                "UPDATE projects_auditevent SET detail = jsonb_set(detail, '{address}', to_jsonb(%s::text)) "
                "WHERE act = 'sign_in.waits' AND detail->>'address' = %s",
                [keyed(address), address],
            )
        cursor.execute(
            "UPDATE projects_auditevent SET detail = detail - 'username' WHERE object_kind = 'person' AND detail ? 'username'"
        )
        cursor.execute("SELECT set_config('lore.forgetting', 'off', true)")


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_hourly_count")]
    operations = [
        migrations.AddField("person", "forgotten_at", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "person",
            models.CheckConstraint(
                name="the_forgotten_stay_out",
                condition=models.Q(forgotten_at=None) | models.Q(is_active=False, is_system_admin=False, name=""),
            ),
        ),
        migrations.AddIndex(
            "auditevent",
            models.Index(name="audit_details_by_time", fields=["at"], condition=~models.Q(detail={})),
        ),
        migrations.RunSQL(
            [FUNCTIONS, *((SQL / name).read_text(encoding="utf-8") for name in APPLIED), *map(door, DOORS)],
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(take_out, migrations.RunPython.noop),
    ]
