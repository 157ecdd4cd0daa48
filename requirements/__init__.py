"""What the product is made of, named so that nobody can exchange it.

- `runtime.lock`, `dev.lock` every package by version and hash (`make lock`)
- `digests`   images by the digest of their bytes (`make digests`)
"""
