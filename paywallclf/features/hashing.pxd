"""What all hashed features share: the hashes, and the sums of the rows of a table that they stand for.

The hashes are polynomial rolling hashes (Karp and Rabin, 1987) finished by multiplicative hashing (Knuth, TAOCP 3, 6.4).
"""

from libc.stdint cimport int32_t, uint64_t

cdef extern from *:
    """
    #define HASH_BASE 0x9E3779B97F4A7C15ULL
    #define HASH_MIX 0xD6E8FEB86659FD93ULL
    #define HASH_SALT 0xA0761D6478BD642FULL
    """
    const uint64_t BASE "HASH_BASE"  # of the polynomials
    const uint64_t MIX "HASH_MIX"
    const uint64_t SALT "HASH_SALT"


cdef inline int check_bits(int bits) except -1:
    if not 0 <= bits <= 31:
        raise ValueError(f"a table has 2**0 to 2**31 rows, not 2**{bits}")
    return 0


cdef inline uint64_t mix(uint64_t hash, uint64_t salt) noexcept nogil:
    """A hash whose leading bits depend on all bits, and on a salt."""
    hash ^= salt * SALT
    return (hash ^ (hash >> 32)) * MIX


cdef void add_rows(const float *table, Py_ssize_t width, const int32_t *rows, Py_ssize_t n, double *total) noexcept
