/* For Wine 8 alone, which lacks this library of Windows 10: the random numbers that Rust's standard library takes from it. */
#include <windows.h>

#include <ntsecapi.h> /* RtlGenRandom, which is called SystemFunction036 */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count)
{
    return RtlGenRandom(bytes, (ULONG)count) ? TRUE : FALSE;
}
