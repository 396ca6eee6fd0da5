"""Numbers from blocks: hashed n-grams, markup tokens, shape, context."""
