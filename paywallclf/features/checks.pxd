"""What the compiled features check before their loops, so that nothing is read or written beyond an array."""

from libc.stdint cimport int64_t


cdef inline int check_parents(const int64_t[::1] parents) except -1:
    cdef Py_ssize_t element
    for element in range(len(parents)):
        if not -1 <= parents[element] < element:
            raise ValueError("a parent must stand before its children")
    return 0


cdef inline int check_spans(const int64_t[::1] starts, const int64_t[::1] ends, Py_ssize_t n_blocks) except -1:
    cdef Py_ssize_t element
    if len(starts) != len(ends):
        raise ValueError("the arrays do not agree in length")
    for element in range(len(starts)):
        if not 0 <= starts[element] <= ends[element] <= n_blocks:
            raise ValueError("an element holds blocks that there are none of")
    return 0


cdef inline int check_inlines(
    const int64_t[::1] inlines, const int64_t[::1] inline_starts, Py_ssize_t n_elements
) except -1:
    cdef Py_ssize_t at
    for at in range(<Py_ssize_t>len(inline_starts) - 1):
        if not 0 <= inline_starts[at] <= inline_starts[at + 1] <= len(inlines):
            raise ValueError("a block has inline elements that are not there")
    for at in range(len(inlines)):
        if not 0 <= inlines[at] < n_elements:
            raise ValueError("an inline element is none of the page")
    return 0


cdef inline int check_room(const float[:, ::1] out, Py_ssize_t n_blocks, Py_ssize_t column, Py_ssize_t width) except -1:
    if out.shape[0] != n_blocks or column < 0 or out.shape[1] - column < width:
        raise ValueError("there is no room for the features")
    return 0
