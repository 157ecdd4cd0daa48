"""The demo project's content: invented items, their drawn pictures, and pairs with labels that are true of them."""
