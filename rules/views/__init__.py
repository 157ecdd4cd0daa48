"""Pages of rules: their versions, drafts and what people say of them."""
