"""HTML in, blocks out, HTML back."""
