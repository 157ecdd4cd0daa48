"""The connection: to DATABASE_URL, or to the embedded server (`EMBEDDED` names its data folder)."""

from __future__ import annotations

from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base

from database.postgresql import embedded

MOST_PARAMETERS = 65_535  # of a statement, by PostgreSQL's protocol


class PreparingCursor(psycopg.Cursor[Any]):
    """Values go beside the statement, so that it can be prepared; into its text where they are too many for that."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        if params is not None and len(params) > MOST_PARAMETERS:
            query, params = psycopg.ClientCursor(self.connection).mogrify(query, params), None
        return super().execute(query, params, **options)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params["cursor_factory"] = PreparingCursor
        if data := self.settings_dict.get("EMBEDDED"):
            params["host"] = embedded.socket_folder(data)
        return params
