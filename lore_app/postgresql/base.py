"""The connection: to DATABASE_URL, or to the embedded server (`EMBEDDED` names its data folder)."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from lore_app.postgresql import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        if data := self.settings_dict.get("EMBEDDED"):
            params["host"] = embedded.socket_folder(data)
        return params
