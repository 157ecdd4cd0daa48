"""manage.py work in a net that is this machine: `tests.picture_child` fetches, from the server at the port given.

python -m tests.drills.fetching_worker PORT
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lore_app.settings")


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from catalogue.pictures import fetching

    fetching.CHILD = ("tests.picture_child", sys.argv[1])
    call_command("work")


if __name__ == "__main__":
    main()
