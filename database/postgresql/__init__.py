"""Django's backend for PostgreSQL, named in the settings.

- `base`     connections that take parameters at the server, as the role they should
- `embedded` the server that comes with the product, over a folder of ours
"""
