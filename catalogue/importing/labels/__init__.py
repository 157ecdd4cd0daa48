"""What the values of a file's labels are here, and by whose word: none becomes a label unasked. Read `label_consent` first.

- `label_values` which values there are, and how often
- `label_consent` what each is, by a preset, by its name, in the call or by a person; `label_fields` the same on the form
- `label_reading` the label of one cell, by what was agreed; `project_scale` in which scale the project judges
- `conflicts`  labels that contradict what stands
"""
