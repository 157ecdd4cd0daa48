"""How we speak to PostgreSQL. No tables, no app."""
