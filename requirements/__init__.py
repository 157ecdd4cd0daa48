"""What the product is made of, named so that nobody can exchange it.

- `runtime.lock`, `dev.lock` every package by version and hash, `build.lock` what builds those without a wheel (`make lock`)
- `inventory` what an image holds and under which licences: `sbom.json`, `NOTICE` (`make inventory`); `locks` read
- `audit`     known holes of it (`make audit`)
- `digests`   images by the digest of their bytes (`make digests`)
"""
