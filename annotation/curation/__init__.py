"""What is taken away: hard sets and files for training.

- `hard_sets`   every pair that has a reason to be hard, frozen
- `exporting`   asked for by a person, written by a worker, sealed; `gathering` what is said of pairs, as
  `pair_records`, `numbering` by numbers of that export alone; `sealing` files that count only once they are whole
- `formats/`    what a kind of export holds and how its rows read, one kind a file
- `views`, `hard_set_views` its pages
"""
