"""What the compiled modules share: how a string lies in memory, and what stands for a character in HTML."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

#: A character of a string: each has the width that its widest one needs (PEP 393).
ctypedef fused Unit:
    uint8_t
    uint16_t
    uint32_t


cdef inline bint begins(const Unit *text, Py_ssize_t n, Py_ssize_t at, const char *what, Py_ssize_t size) noexcept:
    """Whether a text of ASCII stands at a place."""
    cdef Py_ssize_t place
    if size > n - at:
        return False
    for place in range(size):
        if text[at + place] != <uint8_t>what[place]:
            return False
    return True


cdef inline uint32_t unescaped(const Unit *text, Py_ssize_t n, Py_ssize_t *at) noexcept:
    """The character that an ampersand, which was read, stands for; passes over what it stands for it with."""
    if begins(text, n, at[0], b"amp;", 4):
        at[0] += 4
    elif begins(text, n, at[0], b"nbsp;", 5):
        at[0] += 5
        return 0xA0
    elif begins(text, n, at[0], b"lt;", 3):
        at[0] += 3
        return c"<"
    elif begins(text, n, at[0], b"gt;", 3):
        at[0] += 3
        return c">"
    elif begins(text, n, at[0], b"quot;", 5):
        at[0] += 5
        return c'"'
    return c"&"
