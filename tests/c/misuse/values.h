/* Strings, numbers and buffers for calls: mostly good ones, and those that are at an edge or beyond it. */
#ifndef MISUSE_VALUES_H
#define MISUSE_VALUES_H

#include "handles.h"

#include <math.h>

enum { A_MEGABYTE = 1 << 20 };

/* Bytes with a length, or SLK_NUL_TERMINATED. */
struct span {
    const void *at;
    size_t length;
};

/* Numbers. ---------------------------------------------------------------------------------------------------------- */

static uint64_t any_u64(void)
{
    static const uint64_t edges[] = { 0, 1, 2, 0x7fffffff, 0xffffffff, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };
    return odd(3) ? edges[below(sizeof edges / sizeof edges[0])] : below(50);
}

static int64_t any_i64(void)
{
    static const int64_t edges[] = { 0, -1, INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 1000000 };
    return odd(3) ? edges[below(sizeof edges / sizeof edges[0])] : (int64_t)below(50);
}

static uint32_t any_u32(uint32_t usual)
{
    static const uint32_t edges[] = { 0, 1, 255, 65536, INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX };
    return odd(4) ? edges[below(sizeof edges / sizeof edges[0])] : below(usual + 1);
}

static int32_t any_i32(int32_t most)
{
    static const int32_t edges[] = { 0, -1, 100, INT32_MAX, INT32_MIN };
    return odd(5) ? edges[below(sizeof edges / sizeof edges[0])] : (int32_t)below((unsigned)most + 1);
}

static double any_f64(void)
{
    static const double edges[] = { 0, -0.0, NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, 9007199254740993.0 };
    return odd(2) ? edges[below(sizeof edges / sizeof edges[0])] : (double)below(100) / 4;
}

/* The size of a struct that the library fills. The block that goes with it has room for all of these. */
enum { LARGEST_STRUCT = 8192 };

static size_t any_struct_size(size_t usual)
{
    const size_t sizes[] = { 0, 1, 4, 7, 8, usual - 8, usual + 8, 4096, 4104, LARGEST_STRUCT };
    return odd(3) ? sizes[below(sizeof sizes / sizeof sizes[0])] : usual;
}

/* Strings. ---------------------------------------------------------------------------------------------------------- */

static char *lend_text(const void *text, size_t length)
{
    char *copy = lend(length + 1, LOAN_IN);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static char *lend_repeated(const char *piece, size_t times)
{
    size_t length = strlen(piece);
    char *text = lend(length * times + 1, LOAN_IN);
    for (size_t at = 0; at < times; at++)
        memcpy(text + at * length, piece, length);
    text[length * times] = '\0';
    return text;
}

static const char *lend_random_text(const char *letters, unsigned longest)
{
    unsigned length = below(longest + 1);
    char *text = lend(length + 1, LOAN_IN);
    for (unsigned at = 0; at < length; at++)
        text[at] = letters[below((unsigned)strlen(letters))];
    text[length] = '\0';
    return text;
}

static const char *odd_text(size_t limit)
{
    switch (below(10)) {
    case 0:
        return NULL;
    case 1:
        return lend_text("", 0);
    case 2:
        return lend_text("\xff\xfe" "bad", 5);
    case 3:
        return lend_text("cut \xe2\x82", 6);
    case 4:
        return lend_repeated("x", limit);
    case 5:
        return lend_repeated("x", limit + 1);
    case 6:
        return lend_repeated("\xc3\xa9", limit / 2);
    case 7:
        return one_in(20) ? lend_repeated("long", A_MEGABYTE / 4) : lend_text("\n\t\x01\x7f", 4);
    case 8:
        return lend_random_text("ab/~.01-\"\\%{}$ \xc2\xa3\xf0\x9f\x98\x80", 20);
    default:
        return lend_text("../a//b", 7);
    }
}

static const char *any_of(const char *const *texts, unsigned count, size_t limit)
{
    if (odd(3))
        return odd_text(limit);
    const char *text = texts[below(count)];
    return lend_text(text, strlen(text));
}

static const char *any_key(void)
{
    static const char *const keys[] = { "1", "2" };
    return any_of(keys, 2, SLK_MAX_KEY_BYTES);
}

static const char *any_name(void)
{
    static const char *const names[] = { "player", "guild" };
    return any_of(names, 2, SLK_MAX_NAME_BYTES);
}

static const char *any_product(void)
{
    static const char *const products[] = { "gold", "sword", "a b", "\xc3\xa4" };
    return any_of(products, 4, SLK_MAX_NAME_BYTES);
}

static const char *any_pointer(void)
{
    static const char *const pointers[] = { "",    "/gold", "/bag",  "/bag/0", "/bag/-", "/bag/1", "/deep",
                                            "/deep/a", "/a~1b", "/m~0n", "/text", "/on",   "/real",  "/" };
    if (!odd(3))
        return any_of(pointers, sizeof pointers / sizeof pointers[0], SLK_MAX_POINTER_BYTES);
    switch (below(5)) {
    case 0:
        return lend_random_text("/~019-ab", 12);
    case 1:
        return lend_repeated("/0", 90 + below(30));
    case 2:
        return lend_text("/bag/18446744073709551616", 25);
    case 3:
        return lend_text("/$serde_json::private::Number", 29);
    default:
        return odd_text(SLK_MAX_POINTER_BYTES);
    }
}

/* JSON and bytes. --------------------------------------------------------------------------------------------------- */

static struct span span_of(const char *text)
{
    return (struct span){ text, text == NULL || one_in(4) ? SLK_NUL_TERMINATED : strlen(text) };
}

/* A text without a NUL behind it. */
static struct span exact(const void *bytes, size_t length)
{
    return (struct span){ length == 0 ? NULL : memcpy(lend(length, LOAN_IN), bytes, length), length };
}

static struct span nested(unsigned depth, const char *open, const char *inside, const char *close)
{
    size_t size = depth * (strlen(open) + strlen(close)) + strlen(inside) + 1;
    char *text = lend(size, LOAN_IN), *at = text;
    for (unsigned level = 0; level < depth; level++)
        at = memcpy(at, open, strlen(open)), at += strlen(open);
    at = memcpy(at, inside, strlen(inside)), at += strlen(inside);
    for (unsigned level = 0; level < depth; level++)
        at = memcpy(at, close, strlen(close)), at += strlen(close);
    *at = '\0';
    return span_of(text);
}

static struct span odd_json(void)
{
    switch (below(12)) {
    case 0:
        return (struct span){ NULL, below(3) == 0 ? 0 : SLK_NUL_TERMINATED };
    case 1:
        return (struct span){ NULL, 7 };
    case 2:
        return nested(95 + below(40), "[", "", "]");
    case 3:
        return nested(20 + below(120), "{\"a\":", "1", "}");
    case 4:
        return exact("{\"a\":1}\0x", 9);
    case 5:
        return exact("\"\xff\"", 3);
    case 6:
        return exact("[1,2", 4);
    case 7:
        return exact("1e999", 5);
    case 8:
        return exact("{\"$serde_json::private::Number\":\"x\"}", 36);
    case 9: /* longer than may be: refused without a look */
        return (struct span){ lend_text("1", 1), one_in(2) ? SLK_MAX_DATA_BYTES + 1 : SIZE_MAX - 1 };
    case 10:
        return one_in(30) ? nested(A_MEGABYTE / 2, "[", "", "]") : exact("nan", 3);
    default:
        return span_of(lend_random_text("[]{}\":,0123456789.eE+-truefalsnl\\u", 30));
    }
}

static struct span any_json(void)
{
    static const char *const texts[] = { "1", "-7.50", "\"text\"", "true", "null", "[]", "[1,2,3]", "{}",
                                         "{\"gold\":5,\"bag\":[1,\"two\"],\"deep\":{\"a\":{}}}",
                                         "123456789012345678901234567890", "{\"a/b\":1,\"m~n\":2,\"\":3}" };
    if (odd(2))
        return odd_json();
    const char *text = texts[below(sizeof texts / sizeof texts[0])];
    return one_in(2) ? exact(text, strlen(text)) : span_of(lend_text(text, strlen(text)));
}

static struct span random_bytes(unsigned most)
{
    unsigned length = below(most + 1);
    unsigned char *bytes = lend(length, LOAN_IN);
    for (unsigned at = 0; at < length; at++)
        bytes[at] = (unsigned char)random_bits();
    return (struct span){ bytes, length };
}

static struct span any_bytes(void)
{
    if (odd(20))
        return (struct span){ NULL, below(2) };
    if (odd(200))
        return (struct span){ lend(A_MEGABYTE, LOAN_IN), A_MEGABYTE };
    return random_bytes(24);
}

/* What a store may hold: records, and such as are none. */
static struct span any_stored(void)
{
    static const char *const texts[] = {
        "{\"$slk\":{\"format\":1},\"data\":{}}",
        "{\"$slk\":{\"format\":9},\"data\":{}}",
        "{\"Version\":1,\"VersionPatch\":0,\"Session\":false,\"Gold\":1,\"Purchases\":[[77,\"abc\",1,true]]}",
        "{\"Version\":1,\"Session\":[\"job\",1700000000],\"RemoteChanges\":[{\"K\":\"gift\",\"I\":\"i1\",\"A\":[1]}]}",
        "\x1bSLK\x01\x04zstd rubbish",
        "\x1bSLK\x01\x04rot9..." };
    if (one_in(2))
        return one_in(2) ? any_json() : any_bytes();
    const char *text = texts[below(sizeof texts / sizeof texts[0])];
    return exact(text, strlen(text));
}

/* Buffers. ---------------------------------------------------------------------------------------------------------- */

struct room {
    void *at;
    size_t capacity;
};

static struct room any_room(enum role role)
{
    const size_t sizes[] = { 1, 2, 8, 64, 300, 20000 };
    if (odd(4))
        return (struct room){ NULL, one_in(2) ? 0 : 1 + below(100) };
    size_t size = odd(8) ? 0 : sizes[below(sizeof sizes / sizeof sizes[0])];
    return (struct room){ lend(size, role), size };
}

static size_t *any_length_out(void)
{
    return out(sizeof(size_t), LOAN_LENGTH);
}

#endif
