// The part of platform.hpp that is the same for the sockets of all systems.
#include "platform_sockets.hpp"

namespace platform {

Listener listen(std::uint16_t port) {
    Listener listener{Socket(::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)), 0};
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto *const place = reinterpret_cast<sockaddr *>(&address);
    const Number socket = listener.socket.number();
    check(listener.socket.is_open() && set_on(listener.socket, SOL_SOCKET, own_address) &&
              set_nonblocking(listener.socket) && ::bind(socket, place, size) == 0 && ::listen(socket, 64) == 0 &&
              ::getsockname(socket, place, &size) == 0,
          "cannot listen");
    listener.port = ntohs(address.sin_port);
    return listener;
}

std::optional<Socket> accept(const Socket &listener) {
    Socket connection(::accept(listener.number(), nullptr, nullptr));
    // Lines are short and are sent once a tick, so waiting to fill a packet only adds delay.
    if (!connection.is_open() || !set_nonblocking(connection) || !set_on(connection, IPPROTO_TCP, TCP_NODELAY))
        return std::nullopt;
    return connection;
}

} // namespace platform
