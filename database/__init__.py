"""How we speak to PostgreSQL. No app, no tables, nothing of the domain.

- `connecting`  which database, as which role; `postgresql/` Django's backend for it, with the server that comes with the product
- `statements`  SQL of our own: a statement, its file where it is longer than ten lines, its rows, ids and lines by the thousand
- `compiling`   querysets whose SQL is built once in a process; a new user of it brings a measurement
- `clock`       time as the database tells it
- `append_only` triggers of tables that only grow; `doors` through which what must be forgotten leaves them
- `stored_codes` codes that a CHECK will refuse, listed before it is made
- `versions`   whose tables these are: what was applied to them that this product does not know
- `half_restored` the mark on tables that nobody has compared yet; `locks` acts that one process does at a time

Backups are made in `lore_app/backup`. Everybody may use all of it but `postgresql/`, which the settings name.
"""
