"""Django's PostgreSQL backend, with an embedded server behind it where no DATABASE_URL is given."""
