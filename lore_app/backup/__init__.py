"""Backup and restore: the database and the storage in one folder, proved by comparing sums of every table and file.

The folder holds `database.dump` (pg_dump's own format), `storage.tar` and `manifest.json`, which is written last: a folder
without one is no backup. The secret key is not in it. Ways in that had ended stay ended (`sign_ins`); passwords are as they were.
"""
