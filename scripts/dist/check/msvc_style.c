/* A program as MSVC's linker would make it, without MSVC's C library: it uses the system and sessionlocker.lib alone. */
#include <sessionlocker.h>

__declspec(dllimport) void *GetStdHandle(unsigned long which);
__declspec(dllimport) int WriteFile(void *file, const void *bytes, unsigned long count, unsigned long *written, void *overlapped);
__declspec(dllimport) void ExitProcess(unsigned int code);

static void print(const char *text)
{
    unsigned long length = 0, written;
    while (text[length] != '\0')
        ++length;
    WriteFile(GetStdHandle((unsigned long)-11), text, length, &written, 0);
}

void mainCRTStartup(void)
{
    slk_store store;
    if (slk_abi_version() != SLK_ABI_VERSION || slk_store_open_memory(&store) != SLK_OK
        || slk_store_destroy(store) != SLK_OK)
        ExitProcess(1);
    print("works: ");
    print(slk_version_text());
    ExitProcess(0);
}
