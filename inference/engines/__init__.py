"""Engines: one file each behind the protocol of `base`."""
