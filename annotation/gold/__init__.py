"""From opinions to gold.

- `opinions`    which judgments and which prediction stand on a pair
- `settling`    gold by consensus, disputes opened and withdrawn: one function in the database (`annotation/sql/settle_pairs.sql`)
- `adjudicating` a dispute settled by who did not judge the pair
- `hidden_opinions` who must not read what was said of a pair yet, and who has read it
- `intake`      what an import means for people; `imported_labels` its gold and ratings
- `following_models` what predictions mean for people, and another active model; `second_looks` who is asked again, blind
- `views`       disputes
"""
