// What platform_sockets.cpp needs of platform.cpp or platform_windows.cpp.
#ifndef GAME_PLATFORM_SOCKETS_HPP
#define GAME_PLATFORM_SOCKETS_HPP

#include "platform.hpp"

#ifdef _WIN32
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#include <winsock2.h>

#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

namespace platform {

bool set_nonblocking(const Socket &socket);
bool set_on(const Socket &socket, int level, int option);
// Throws with the system's last error unless it was done.
void check(bool done, const char *what);

#ifdef _WIN32
// What SO_REUSEADDR means elsewhere is what Windows does by itself; there it would let a second server in.
constexpr int own_address = SO_EXCLUSIVEADDRUSE;
#else
constexpr int own_address = SO_REUSEADDR;
#endif

} // namespace platform
#endif
