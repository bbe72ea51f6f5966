"""Files of layer weights that no `numpy.save` has written, by what they would cost a reader."""

import struct


def forged(content, shape, descr="|O"):
    """A `.npy` file with this in its header, and these bytes after it."""
    header = str({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def whole(number):
    return b"J" + struct.pack("<i", number)


def buffer(value):
    return b"B" + struct.pack("<I", len(value)) + value


def pair(first, second):
    return first + second + b"\x86"


def array(shape, dtype, content):
    """The pickled form of an array, of pickled parts."""
    return NEW_ARRAY + b"(" + whole(1) + shape + dtype + b"\x89" + content + b"tb"


def file_of(records, n_records):
    """A file of so many records, pickled one after the other."""
    outer = array(whole(n_records) + b"\x85", b"N", b"](" + records + b"e")
    return forged(b"\x80\x04" + outer + b".", (n_records,))


def remember(number):
    return b"q" + bytes([number])


def again(number):
    return b"h" + bytes([number])


NEW_ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n)R"
F8 = b"cnumpy\ndtype\n" + text("f8") + b"\x85R"
ENCODE = b"c_codecs\nencode\n"
ROW, NUMBERS = pair(whole(1), whole(2)), buffer(bytes(16))
LARGE, MANY_NUMBERS = pair(whole(100), whole(100)), buffer(bytes(80_000))
LARGE_MATRIX = array(LARGE, F8, MANY_NUMBERS)
LONG_TEXT, LATIN1 = text(100_000 * "a"), text("latin1")

FORGERIES = {
    "a thousand million empty strings": forged(b"", (10**9,), "|S0"),
    "empty strings in rows": forged(b"", (9999, 10**9), "|S0"),
    "nothing, a thousand million times": forged(b"", (9999, 10**9, 0), "<f8"),
    "sizes below zero": forged(bytes(64), (2, -2, -2), "<f8"),
    "thousands of dimensions": forged(b"", (9,) * 3000, "<f8"),
    "a size of a thousand digits": forged(b"", (2, 10**1000, 2), "<f8"),
    "no dimension": forged(bytes(8), (), "<f8"),
    "records of floats": forged(bytes(32), (2, 1), [("a", "<f8", (2,))]),
    "records of objects": forged(b"", (2, 1), [("a", "|O", (10**6,))]),
    "nested brackets": b"\x93NUMPY\x01\x00\xff\x7f" + 32767 * b"[",
    "one matrix again and again": file_of(LARGE_MATRIX + remember(2) + 9999 * again(2), 10_000),
    "the same bytes again and again": file_of(
        array(LARGE, F8, MANY_NUMBERS + remember(2)) + 999 * array(LARGE, F8, again(2)), 1000
    ),
    "the same text encoded again and again": file_of(
        ENCODE
        + remember(2)
        + (LONG_TEXT + LATIN1 + b"\x86")
        + remember(3)
        + b"R"
        + 9999 * (again(2) + again(3) + b"R"),
        10_000,
    ),
    "a matrix of size -1": file_of(array(pair(whole(-1), whole(2)), F8, NUMBERS), 1),
    "a size of two hundred bytes": file_of(
        array(pair(b"\x8a\xc8" + 199 * b"\xff" + b"\x01", whole(2)), F8, NUMBERS), 1
    ),
    "a size that is an array": file_of(array(pair(NEW_ARRAY, whole(2)), F8, NUMBERS), 1),
    "a size within a size": file_of(array(pair(whole(1) + b"\x85", whole(2)), F8, NUMBERS), 1),
    "a size that is true": file_of(array(pair(b"\x88", whole(2)), F8, NUMBERS), 1),
    "a matrix of no row": file_of(array(pair(whole(0), whole(2)), F8, buffer(b"")), 1),
    "a matrix of no dimension": file_of(array(b")", F8, buffer(bytes(8))), 1),
    "a list that holds itself": file_of(b"]" + remember(2) + again(2) + b"a", 1),
    "arrays within arrays": forged(
        b"\x80\x04N" + 10_000 * (remember(2) + NEW_ARRAY + again(2) + b"b") + b".", (5000,)
    ),
    "tuples within tuples": forged(b"\x80\x04N" + 50_000 * b"\x85" + b".", (9999,)),
    "lists that nobody needs": forged(b"\x80\x04" + 50_000 * b"]" + b".", (9999,)),
    "frames that overlap": forged(
        b"\x80\x04" + b"".join(b"\x95" + struct.pack("<Q", 9 * n) for n in range(50_000, 0, -1)),
        (9999,),
    ),
}
