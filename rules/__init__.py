"""The business standard as versioned rules: written as drafts, checked, read by a second person, published, pinned.

Read `models`, then `drafting`, `reviewing` and `publishing`, in which order a rule gets in force.

- `drafting`   changes on top of a rule base version; `rule_forms` as people write them, `differing` what they change
- `cases`, `trying`, `linting/` worked cases, a rule tried on an item, what contradicts or never shows
- `findings`   what of that blocks a draft, and what its reviewer acknowledges
- `reviewing`, `publishing` a second person's yes, and the version that projects judge by
- `foretelling` what a draft would change in each project, as whoever publishes may read it
- `following`  how a project follows the newest version or pins one, on record in its log
- The language of conditions is `relevance/conditions`; a draft held against stored pairs, and what waits for a rule owner, is
  `annotation/standard`
- `packs`      rules as files, `packs/` those that come with the product; `yaml_reading` how YAML is read, `misread_words` why
  something that was typed cannot be
- `reading`, `remarks` rules as pages show them, and what people ask about them
- `urls`       pages of rules
"""
