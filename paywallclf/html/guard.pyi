MAX_COPIES: int
MAX_ATTRIBUTES: int

def too_complex(source: bytes) -> bool: ...
