"""A storage that is no folder of this host, for processes in production settings whose folders would be temporary."""

from django.core.files.storage import InMemoryStorage


class StorageElsewhere(InMemoryStorage):
    pass
