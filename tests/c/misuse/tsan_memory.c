/*
 * What compilers of today call for copies under ThreadSanitizer, for runtimes of the sanitizer that do not have it yet.
 * Compiled with -fsanitize=thread, so that the runtime sees the copies. Its own loops must not become calls of these.
 */
#include <stddef.h>
#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t length);
void *__tsan_memmove(void *to, const void *from, size_t length);
void *__tsan_memset(void *at, int byte, size_t length);

void *__tsan_memcpy(void *to, const void *from, size_t length)
{
    return memcpy(to, from, length);
}

void *__tsan_memmove(void *to, const void *from, size_t length)
{
    return memmove(to, from, length);
}

void *__tsan_memset(void *at, int byte, size_t length)
{
    return memset(at, byte, length);
}
