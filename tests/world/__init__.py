"""Worlds for tests and benchmarks, each stage made of the one before.

    rows.py             a row of one kind: every argument by name, the others as one would expect them
    cast.py             who acts in a furnished world, and the marks that tell its texts apart
    project.py          a project with a row at least of every table: what was imported, judged, settled, exported
    predictions.py      and what models said in it and were asked for
    installation.py     such projects of one's own, of others and in the archive; people, sessions, programs, rules, models
    columns.py          the tables and text columns that it has to fill, read off the models
    payloads.py         hostile texts in every text column of it
    searching.py            where a text stands, in any table
    crowding.py         each of its rows many times over
    large.py            projects of any number of pairs, written by the database itself
    files.py            files of any number of rows, as a shop would send them

A new table gets its row in project.py (or, of no project, in installation.py): tests/test_world.py asks for it.
"""
