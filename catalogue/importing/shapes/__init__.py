"""Files of other programs, and our own exports, that are no table of pairs: each shape turns one into ordinary rows.

A file's structure tells its shape, never its name. What a shape's columns mean is a preset, listed with all others.

- `shape`          what a shape says of itself and what it is given; read it first
- `table`          which there are, and which one a file has
- `json_documents` one JSON document, walked through in bounded memory; the values at some place in it, cut out whole
- `quepid`, `workbench`, `rated_ranking` JSON and CSV of Quepid, of OpenSearch's Search Relevance Workbench, of RRE
- `label_studio`, `argilla` tasks and records with what people and models answered to their `controls`
- `own_exports`    labels as an export of ours writes them
- `judgment_lists`, `trec` lines of text: learning to rank; qrels, topics and collections
"""
