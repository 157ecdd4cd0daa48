"""What is taken away: hard sets and files for training.

- `hard_sets`   every pair that has a reason to be hard, frozen
- `exporting`   asked for by a person, written by a worker, sealed; `gathering` what is said of pairs, `training_rows` how a
  row of a kind reads, `sealing` files that count only once they are whole
- `views`, `hard_set_views` its pages
"""
