// The connections: lines in, lines out, never blocking.
#ifndef GAME_CLIENTS_HPP
#define GAME_CLIENTS_HPP

#include "platform.hpp"
#include "words.hpp"

#include <functional>
#include <map>

namespace game {

// Names a connection for as long as the process lives: an answer to one that has gone reaches nobody else.
using ClientId = std::uint64_t;
inline constexpr ClientId nobody = 0;

class Clients {
public:
    explicit Clients(std::uint16_t port) : listener_(platform::listen(port)) {}
    std::uint16_t port() const noexcept { return listener_.port; }

    using OnLine = std::function<void(ClientId client, std::string_view line)>;
    using OnGone = std::function<void(ClientId client)>;

    // Takes new connections and hands over the lines that have come.
    void receive(const OnLine &on_line, const OnGone &on_gone);
    // Sends what was queued by print.
    void send();

    // Queues a line of these words.
    template <class... Words>
    void print(ClientId client, const Words &...words) {
        queue(client, sentence(words...));
    }

private:
    struct Client {
        platform::Socket socket;
        bool ended = false;
        std::string in;
        std::string out;
    };

    void queue(ClientId client, const std::string &line);
    void receive_from(ClientId id, Client &client, const OnLine &on_line);
    void take_lines(ClientId id, Client &client, const OnLine &on_line);

    platform::Listener listener_;
    std::map<ClientId, Client> clients_;
    ClientId last_id_ = nobody;
};

} // namespace game

#endif
