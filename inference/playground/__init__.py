"""What a model would say: never a prediction.

- `trials`      one pair asked, or two prompt versions compared on gold
- `activating`  in which words a project's models are asked from then on, and what was before put back
- `views`, `prompt_views` its pages, and those of prompt versions
"""
