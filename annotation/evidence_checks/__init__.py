"""How right the evidence is: pairs drawn by chance, their cells marked by people, and the gate that follows from it.

- `drawing`     a seeded sample of each category, never of gold, benchmark or test queries
- `cells`       what a cell reads, and what people said of the cells of a pair
- `marking`     which pair a person looks at next; their marks stored, changed, taken back
- `gate`        figures and gate of each category, kept for cards; which mode a pair is judged in by it
- `shipped`     marks that come with a project in a file
- `views`       its pages

Others use `gate`.
"""
