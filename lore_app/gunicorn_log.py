"""The web server's own words in the same form as ours. Requests are logged by the application."""

from __future__ import annotations

from typing import Any

from gunicorn import glogging

from projects.log_lines import formatter


class GunicornLog(glogging.Logger):
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)  # type: ignore[no-untyped-call]
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(formatter())
