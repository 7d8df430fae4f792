/* Everything that differs between operating systems: sockets, time, sleeping, signals, file locks. The rest of the
 * example is plain C11. platform.c is for POSIX systems, platform_windows.c for Windows. */
#ifndef GAME_PLATFORM_H
#define GAME_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
#ifdef _WIN32
    uintptr_t handle;
#else
    int handle;
#endif
} platform_socket;

typedef struct {
#ifdef _WIN32
    void *handle;
#else
    int handle;
#endif
} platform_lock;

/* Once, before anything else: makes a broken connection an error instead of a signal, and SIGINT and SIGTERM a request
 * that platform_stop_requested() tells of. */
bool platform_start(void);
bool platform_stop_requested(void);

/* Nanoseconds of the machine's steady clock, the same for all processes, suspended time included. */
uint64_t platform_now_ns(void);
void platform_sleep_until_ns(uint64_t when);

/* Listens on this machine only. Port 0 lets the system choose; *bound is the port in use. */
bool platform_listen(uint16_t port, platform_socket *listener, uint16_t *bound);
/* Takes a waiting connection; false if there is none. Its calls do not block. */
bool platform_accept(platform_socket listener, platform_socket *connection);
/* Bytes moved; 0: nothing now; -1: the connection is over. */
long platform_receive(platform_socket connection, char *buffer, size_t size);
long platform_send(platform_socket connection, const char *data, size_t size);
void platform_close(platform_socket socket);

bool platform_make_folder(const char *path);
/* Makes the names in a folder survive a power cut. */
bool platform_flush_folder(const char *folder);
/* A lock that excludes other threads and other processes, and that ends with its process however that ends. */
bool platform_lock_file(const char *path, platform_lock *lock);
void platform_unlock_file(platform_lock lock);
/* Makes `path` have this content and survive a power cut. `temporary` is a name in the same folder.
 * 0: done; 1: surely not done; 2: done or not, nobody knows. `errno` says why. */
int platform_write_file(const char *path, const char *temporary, const char *folder, const void *head, size_t head_size,
                        const void *body, size_t body_size);
/* The same answers as platform_write_file. */
int platform_remove_file(const char *path, const char *folder);
/* The whole file in memory that the caller frees; NULL with errno ENOENT if there is none. */
char *platform_read_file(const char *path, size_t *size);
/* Bytes that nobody can guess or draw twice. */
bool platform_random(void *bytes, size_t size);

#endif
