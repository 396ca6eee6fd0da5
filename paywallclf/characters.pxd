"""What the compiled modules share: how a string lies in memory."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

#: A character of a string: each has the width that its widest one needs (PEP 393).
ctypedef fused Unit:
    uint8_t
    uint16_t
    uint32_t
