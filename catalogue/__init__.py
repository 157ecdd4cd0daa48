"""What is judged: files brought in, items and pairs, their pictures, and the evidence that is read from them.

Read `models/` first: imports, items, pairs, pictures, evidence. Then `importing/`.

- `importing/`  from a file to rows: read, mapped, stored in chunks
- `pictures/`   foreign pictures fetched, decoded by children that hold nothing, kept and found again
- `evidence/`   how a query is read, what an item answers, what stands beside it
- `child_processes` what touches foreign bytes: started without our secrets, under limits, spoken to by pipe
- `words`       the words that pairs are found by
- `benchmark`   the benchmark queries of a project, by which `relevance/splits` decides who trains and who tests
- `display`     rows turned into what templates show
- `urls`        pages of imports and pictures; `api` what programs may do with imports

Others use the models, `evidence/`, `words`, `benchmark`, `display`, and the hooks of `importing.storing`.
"""
