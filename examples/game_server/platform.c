/* platform.h for POSIX systems. */
#ifndef _WIN32
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#endif

#include "platform.h"

#ifndef _WIN32

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef CLOCK_BOOTTIME
#define STEADY_CLOCK CLOCK_BOOTTIME
#else
#define STEADY_CLOCK CLOCK_MONOTONIC
#endif

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

bool platform_start(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) != 0)
        return false;
    action.sa_handler = request_stop;
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

bool platform_stop_requested(void)
{
    return stop_requested != 0;
}

uint64_t platform_now_ns(void)
{
    struct timespec time = {0, 0};
    clock_gettime(STEADY_CLOCK, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

void platform_sleep_until_ns(uint64_t when)
{
    uint64_t now = platform_now_ns();
    if (now >= when)
        return;
    struct timespec pause = {(time_t)((when - now) / UINT64_C(1000000000)), (long)((when - now) % UINT64_C(1000000000))};
    nanosleep(&pause, NULL); /* A signal ends it early: the loop looks at the time by itself. */
}

/* Sockets */

static bool set_nonblocking(int handle)
{
    int flags = fcntl(handle, F_GETFL);
    return flags >= 0 && fcntl(handle, F_SETFL, flags | O_NONBLOCK) == 0;
}

bool platform_listen(uint16_t port, platform_socket *listener, uint16_t *bound)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int on = 1;
    int handle = socket(AF_INET, SOCK_STREAM, 0);
    if (handle < 0)
        return false;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 || !set_nonblocking(handle)
        || bind(handle, (struct sockaddr *)&address, size) != 0 || listen(handle, 64) != 0
        || getsockname(handle, (struct sockaddr *)&address, &size) != 0) {
        close(handle);
        return false;
    }
    listener->handle = handle;
    *bound = ntohs(address.sin_port);
    return true;
}

bool platform_accept(platform_socket listener, platform_socket *connection)
{
    int on = 1;
    int handle = accept(listener.handle, NULL, NULL);
    if (handle < 0)
        return false;
    /* Lines are short and are sent once a tick, so waiting to fill a packet only adds delay. */
    if (!set_nonblocking(handle) || setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        close(handle);
        return false;
    }
    connection->handle = handle;
    return true;
}

static long moved(ssize_t result)
{
    if (result >= 0)
        return (long)result;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

long platform_receive(platform_socket connection, char *buffer, size_t size)
{
    ssize_t result = recv(connection.handle, buffer, size, 0);
    return result == 0 ? -1 : moved(result);
}

long platform_send(platform_socket connection, const char *data, size_t size)
{
    return moved(send(connection.handle, data, size, 0));
}

void platform_close(platform_socket socket)
{
    close(socket.handle);
}

/* Files */

bool platform_make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

bool platform_lock_file(const char *path, platform_lock *lock)
{
    /* flock belongs to this one opening of the file, so it also excludes the other threads of this process. */
    int handle = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (handle < 0)
        return false;
    while (flock(handle, LOCK_EX) != 0) {
        if (errno != EINTR) {
            close(handle);
            return false;
        }
    }
    lock->handle = handle;
    return true;
}

void platform_unlock_file(platform_lock lock)
{
    close(lock.handle);
}

static bool write_all(int handle, const void *data, size_t size)
{
    const char *next = data;
    while (size > 0) {
        ssize_t written = write(handle, next, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        next += written;
        size -= (size_t)written;
    }
    return true;
}

/* A new name in a folder survives a power cut only after the folder itself was flushed. */
bool platform_flush_folder(const char *folder)
{
    int handle = open(folder, O_RDONLY | O_CLOEXEC);
    if (handle < 0)
        return false;
    bool flushed = fsync(handle) == 0;
    close(handle);
    return flushed;
}

int platform_write_file(const char *path, const char *temporary, const char *folder, const void *head, size_t head_size,
                        const void *body, size_t body_size)
{
    int handle = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (handle < 0)
        return 1;
    bool written = write_all(handle, head, head_size) && write_all(handle, body, body_size) && fsync(handle) == 0;
    written = close(handle) == 0 && written;
    /* Readers see the old content or the new one, never a part. */
    if (!written || rename(temporary, path) != 0)
        return 1;
    return platform_flush_folder(folder) ? 0 : 2;
}

int platform_remove_file(const char *path, const char *folder)
{
    if (unlink(path) != 0)
        return 1;
    return platform_flush_folder(folder) ? 0 : 2;
}

static char *read_all(int handle, size_t *size)
{
    struct stat status;
    if (fstat(handle, &status) != 0)
        return NULL;
    size_t expected = (size_t)status.st_size, have = 0;
    char *content = malloc(expected + 1);
    while (content != NULL && have < expected) {
        ssize_t got = read(handle, content + have, expected - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            /* The file is replaced as a whole, never cut, so an early end is an error like any other. */
            if (got == 0)
                errno = EIO;
            free(content);
            return NULL;
        }
        have += (size_t)got;
    }
    if (content != NULL)
        content[have] = '\0';
    *size = have;
    return content;
}

char *platform_read_file(const char *path, size_t *size)
{
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    if (handle < 0)
        return NULL;
    char *content = read_all(handle, size);
    int error = errno;
    close(handle);
    errno = error;
    return content;
}

bool platform_random(void *bytes, size_t size)
{
    FILE *source = fopen("/dev/urandom", "rb");
    if (source == NULL)
        return false;
    bool drawn = fread(bytes, 1, size, source) == size;
    fclose(source);
    return drawn;
}

#endif
