/* platform.h for Windows. It needs ws2_32. */
#ifdef _WIN32
#define _CRT_RAND_S /* rand_s */
#define WIN32_LEAN_AND_MEAN
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#endif

#include "platform.h"

#ifdef _WIN32

#include <winsock2.h>

#include <ws2tcpip.h>

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static volatile LONG stop_requested;

static BOOL WINAPI request_stop(DWORD event)
{
    (void)event;
    InterlockedExchange(&stop_requested, 1);
    return TRUE;
}

bool platform_start(void)
{
    WSADATA sockets;
    return WSAStartup(MAKEWORD(2, 2), &sockets) == 0 && SetConsoleCtrlHandler(request_stop, TRUE) != 0;
}

bool platform_stop_requested(void)
{
    return InterlockedCompareExchange(&stop_requested, 0, 0) != 0;
}

/* Counts suspended time, as the library's own clock does; its steps are of 10 to 16 milliseconds. */
uint64_t platform_now_ns(void)
{
    return GetTickCount64() * UINT64_C(1000000);
}

void platform_sleep_until_ns(uint64_t when)
{
    uint64_t now = platform_now_ns();
    if (now < when)
        Sleep((DWORD)((when - now) / UINT64_C(1000000)));
}

/* The caller reads errno, which Windows' own functions leave alone. */
static void set_errno(DWORD error)
{
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND)
        errno = ENOENT;
    else if (error == ERROR_ALREADY_EXISTS || error == ERROR_FILE_EXISTS)
        errno = EEXIST;
    else if (error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION)
        errno = EACCES;
    else if (error == ERROR_DISK_FULL)
        errno = ENOSPC;
    else
        errno = EIO;
}

/* Sockets */

static bool set_nonblocking(SOCKET handle)
{
    u_long on = 1;
    return ioctlsocket(handle, (long)FIONBIO, &on) == 0;
}

bool platform_listen(uint16_t port, platform_socket *listener, uint16_t *bound)
{
    struct sockaddr_in address;
    int size = sizeof address;
    BOOL on = TRUE;
    SOCKET handle = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (handle == INVALID_SOCKET)
        return false;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* What SO_REUSEADDR means elsewhere is what Windows does by itself; there it would let a second server in. */
    if (setsockopt(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on, sizeof on) != 0 || !set_nonblocking(handle)
        || bind(handle, (struct sockaddr *)&address, size) != 0 || listen(handle, 64) != 0
        || getsockname(handle, (struct sockaddr *)&address, &size) != 0) {
        closesocket(handle);
        errno = EADDRINUSE;
        return false;
    }
    listener->handle = handle;
    *bound = ntohs(address.sin_port);
    return true;
}

bool platform_accept(platform_socket listener, platform_socket *connection)
{
    BOOL on = TRUE;
    SOCKET handle = accept(listener.handle, NULL, NULL);
    if (handle == INVALID_SOCKET)
        return false;
    /* Lines are short and are sent once a tick, so waiting to fill a packet only adds delay. */
    if (!set_nonblocking(handle) || setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on) != 0) {
        closesocket(handle);
        return false;
    }
    connection->handle = handle;
    return true;
}

static int at_most(size_t size)
{
    return size > INT_MAX ? INT_MAX : (int)size;
}

static long moved(int result)
{
    if (result >= 0)
        return result;
    return WSAGetLastError() == WSAEWOULDBLOCK ? 0 : -1;
}

long platform_receive(platform_socket connection, char *buffer, size_t size)
{
    int result = recv(connection.handle, buffer, at_most(size), 0);
    return result == 0 ? -1 : moved(result);
}

long platform_send(platform_socket connection, const char *data, size_t size)
{
    return moved(send(connection.handle, data, at_most(size), 0));
}

void platform_close(platform_socket socket)
{
    closesocket(socket.handle);
}

/* Files */

bool platform_make_folder(const char *path)
{
    if (CreateDirectoryA(path, NULL))
        return true;
    set_errno(GetLastError());
    return errno == EEXIST;
}

/* Others may replace or remove the file while it is open. */
static HANDLE open_file(const char *path, DWORD access, DWORD disposition, DWORD flags)
{
    HANDLE file = CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, disposition, flags, NULL);
    if (file == INVALID_HANDLE_VALUE)
        set_errno(GetLastError());
    return file;
}

bool platform_lock_file(const char *path, platform_lock *lock)
{
    /* The lock belongs to this one opening of the file, so it also excludes the other threads of this process. */
    OVERLAPPED place;
    HANDLE file = open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    memset(&place, 0, sizeof place);
    if (!LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &place)) {
        set_errno(GetLastError());
        CloseHandle(file);
        return false;
    }
    lock->handle = file;
    return true;
}

void platform_unlock_file(platform_lock lock)
{
    /* Said and not left to the closing, which the system may do later. */
    OVERLAPPED place;
    memset(&place, 0, sizeof place);
    UnlockFileEx(lock.handle, 0, 1, 0, &place);
    CloseHandle(lock.handle);
}

static bool write_all(HANDLE file, const void *data, size_t size)
{
    const char *next = data;
    while (size > 0) {
        DWORD written = 0;
        if (!WriteFile(file, next, (DWORD)at_most(size), &written, NULL) || written == 0)
            return false;
        next += written;
        size -= written;
    }
    return true;
}

/* There is no way to flush a folder; platform_write_file has the new name written through instead. */
bool platform_flush_folder(const char *folder)
{
    (void)folder;
    return true;
}

int platform_write_file(const char *path, const char *temporary, const char *folder, const void *head, size_t head_size,
                        const void *body, size_t body_size)
{
    (void)folder;
    HANDLE file = open_file(temporary, GENERIC_WRITE, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL);
    if (file == INVALID_HANDLE_VALUE)
        return 1;
    bool written = write_all(file, head, head_size) && write_all(file, body, body_size) && FlushFileBuffers(file);
    if (!written)
        set_errno(GetLastError());
    CloseHandle(file);
    if (!written)
        return 1;
    /* Readers see the old content or the new one, never a part. */
    if (!MoveFileExA(temporary, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        set_errno(GetLastError());
        return 1;
    }
    return 0;
}

int platform_remove_file(const char *path, const char *folder)
{
    (void)folder;
    if (DeleteFileA(path))
        return 0;
    set_errno(GetLastError());
    return 1;
}

static char *read_all(HANDLE file, size_t *size)
{
    LARGE_INTEGER expected;
    if (!GetFileSizeEx(file, &expected)) {
        set_errno(GetLastError());
        return NULL;
    }
    size_t whole = (size_t)expected.QuadPart, have = 0;
    char *content = malloc(whole + 1);
    while (content != NULL && have < whole) {
        DWORD got = 0;
        /* The file is replaced as a whole, never cut, so an early end is an error like any other. */
        if (!ReadFile(file, content + have, (DWORD)at_most(whole - have), &got, NULL) || got == 0) {
            free(content);
            errno = EIO;
            return NULL;
        }
        have += got;
    }
    if (content != NULL)
        content[have] = '\0';
    *size = have;
    return content;
}

char *platform_read_file(const char *path, size_t *size)
{
    HANDLE file = open_file(path, GENERIC_READ, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    char *content = read_all(file, size);
    CloseHandle(file);
    return content;
}

bool platform_random(void *bytes, size_t size)
{
    unsigned char *next = bytes;
    for (size_t i = 0; i < size; ++i) {
        unsigned int drawn;
        if (rand_s(&drawn) != 0)
            return false;
        next[i] = (unsigned char)drawn;
    }
    return true;
}

#endif
