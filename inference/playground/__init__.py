"""What a model would say: never a prediction.

- `trials`      one pair asked, or two prompt versions compared on gold
- `views`, `prompt_views` its pages, and those of prompt versions
"""
