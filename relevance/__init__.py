"""The pure domain of search relevance: no Django, no database, no network. Start reading the product here.

In reading order:

- `labels`       the label scales, their good/bad cut, and how they map to L1..L4
- `dimensions`   the 18 dimensions that a query may make demands in
- `facts`        what is known of an item and of a pair, and when two texts are the same
- `splits`       which queries train, which tune and which measure: by family, for good
- `sanitising`   what a database cannot store, replaced and counted: the one boundary for foreign text
- `invisible_characters` characters that nobody sees, spelt out for people and left out for a model
- `spreadsheets` cells that a spreadsheet would take for formulas, made harmless
- `tokens`       a text cut into words, bounded whatever it holds
- `segmenting`   a text cut into words for a search index, Chinese by a dictionary
- `quoting`      a foreign text in a prompt: one line, nothing unseen, unable to end its quotation
- `units`        numbers with their units, comparable
- `lexicon`      the words for brands, colours, materials ...: shipped, and learnt from a catalogue
- `constraints`  a query taken apart into what it demands
- `attributes`   what an attribute is about, by its name
- `things`       what kind of thing a title names, told apart from what describes it and what it is for
- `heads`        whether that is the kind of thing asked for
- `reading`      an item read once: the words, terms and quantities of each of its sources
- `cells`        what one source says to one demand, with the words that decided
- `phrases`      where the words of a demand stand in a text, and what is shown around them
- `lookup`       one demand in one source: match, near, conflict or silent
- `lookup_kinds`, `lookup_names`, `lookup_values`, `lookup_numbers` that for things, for brands and models, for words, for numbers
- `evidence`     the evidence grid: where and how the item answers each demand
- `corrected_cells` a grid with cells that people have put right
- `subjects`     what a condition is about in a pair: what is asked, what is stated
- `evidence_gate` when the evidence of a category is good enough to be shown
- `item_conditions` what words stand in query and item, how far an amount is off
- `conditions`   the small language in which a rule says when it applies
- `identifiers`  what a code may look like, matched in full by one function
- `rules`        rules as values: which fire on a pair
- `routing`      which rules are brought before a pair, and the words that brought them
- `rule_sizes`   how large a rule may be that is written now
- `deciding`     from grid and fired rules to a label and a posterior
- `chain`        the chain of thought as data, and its one strict parser
- `resampling`   figures with an interval, resampled by query
- `shares`       a share with an interval that holds for few rows too
- `agreement`    how far judges agree: percent, kappa, alpha
- `metrics`      how good labels are against a truth: Acc@2, Acc@4, Macro-F1, AUC ...
- `hardness`     why a pair is hard enough for a hard set
- `vocabulary`   how common words are among a catalogue's titles, and what follows them
- `features`     what learnt trees look at: words, grid, rules
- `relative_features` an item among the other items of its query
- `word_evidence` words as evidence of their own
- `calibration`  what a confidence is worth, and how to make it believable
- `suspicion`    item text that talks to the judge
- `canaries`     item text that tries to, for measuring who falls for it
"""
