"""Items and queries are told apart by their locale: one shop's id, or one text, in two locales is two of them.

Items of before take the locale of the queries that they stand beside, where these agree on one, so that the file that brought
them finds them again; all others keep none.
"""

from django.db import migrations, models

# Without CONCURRENTLY, people's reads would wait until the index of a million items is built. One that a lock kept from being
# built is dropped first: the step may be tried again as often as it takes.
_KEY = """DROP INDEX CONCURRENTLY IF EXISTS {name}_being_built;
CREATE UNIQUE INDEX CONCURRENTLY {name}_being_built ON {table} (project_id, {named}, locale);
ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {before}, DROP CONSTRAINT IF EXISTS {name},
  ADD CONSTRAINT {name} UNIQUE USING INDEX {name}_being_built"""
_ITEMS = _KEY.format(
    table="catalogue_item",
    named="external_id",
    name="one_item_per_project_external_id_and_locale",
    before="one_item_per_project_and_external_id",
)
_QUERIES = _KEY.format(
    table="catalogue_query",
    named="text",
    name="one_query_per_project_text_and_locale",
    before="one_query_per_project_and_text",
)
_ADDED = "ALTER TABLE catalogue_item ADD COLUMN IF NOT EXISTS locale varchar(20) DEFAULT '' NOT NULL"
_TOLD = """UPDATE catalogue_item i SET locale = told.locale FROM (
  SELECT p.item_id, min(q.locale) AS locale FROM catalogue_pair p JOIN catalogue_query q ON q.id = p.query_id
  GROUP BY p.item_id HAVING min(q.locale) = max(q.locale) AND min(q.locale) <> '') told
WHERE i.id = told.item_id AND i.locale = ''"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalogue", "0002_promises")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL([_ADDED, _TOLD, *_ITEMS.split(";"), *_QUERIES.split(";")])],
            [
                migrations.RemoveConstraint("item", "one_item_per_project_and_external_id"),
                migrations.RemoveConstraint("query", "one_query_per_project_and_text"),
                migrations.AddField("item", "locale", models.CharField(blank=True, db_default="", default="", max_length=20)),
                migrations.AddConstraint(
                    "item",
                    models.UniqueConstraint(
                        fields=("project", "external_id", "locale"), name="one_item_per_project_external_id_and_locale"
                    ),
                ),
                migrations.AddConstraint(
                    "query",
                    models.UniqueConstraint(
                        fields=("project", "text", "locale"), name="one_query_per_project_text_and_locale"
                    ),
                ),
            ],
        )
    ]
