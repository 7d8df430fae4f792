#include "clients.hpp"

namespace game {
namespace {

constexpr std::size_t max_clients = 64;
constexpr std::size_t max_line = 512;
// A client that lets more than this wait for it is not reading and is dropped.
constexpr std::size_t max_waiting = 4 * 1024 * 1024;
constexpr int max_receives_per_tick = 64;

} // namespace

void Clients::receive(const OnLine &on_line, const OnGone &on_gone) {
    while (clients_.size() < max_clients) {
        auto connection = platform::accept(listener_.socket);
        if (!connection)
            break;
        clients_[++last_id_].socket = std::move(*connection);
    }
    for (auto place = clients_.begin(); place != clients_.end();) {
        const ClientId id = place->first;
        Client &client = place->second;
        receive_from(id, client, on_line);
        if (!client.ended) {
            ++place;
            continue;
        }
        // What is still queued may say why the connection ends.
        platform::send(client.socket, client.out);
        place = clients_.erase(place);
        on_gone(id);
    }
}

void Clients::receive_from(ClientId id, Client &client, const OnLine &on_line) {
    char block[4096];
    for (int i = 0; i < max_receives_per_tick && !client.ended; ++i) {
        const auto got = platform::receive(client.socket, block, sizeof block);
        client.ended = !got;
        if (got.value_or(0) == 0)
            return;
        client.in.append(block, *got);
        take_lines(id, client, on_line);
    }
}

// Hands over each whole line and keeps the beginning of the next one.
void Clients::take_lines(ClientId id, Client &client, const OnLine &on_line) {
    std::size_t start = 0;
    for (std::size_t end; (end = client.in.find('\n', start)) != std::string::npos; start = end + 1) {
        std::string_view line(client.in.data() + start, end - start);
        if (!line.empty() && line.back() == '\r')
            line.remove_suffix(1);
        on_line(id, line);
    }
    client.in.erase(0, start);
    if (client.in.size() >= max_line) {
        print(id, "error a line may have up to", max_line - 1, "bytes");
        client.ended = true;
    }
}

void Clients::queue(ClientId id, const std::string &line) {
    const auto place = clients_.find(id);
    if (place == clients_.end() || place->second.ended)
        return;
    Client &client = place->second;
    client.out += line;
    client.out += '\n';
    client.ended = client.out.size() > max_waiting;
}

void Clients::send() {
    for (auto &[id, client] : clients_) {
        if (client.out.empty())
            continue;
        const auto sent = platform::send(client.socket, client.out);
        // receive tells of it.
        client.ended = client.ended || !sent;
        client.out.erase(0, sent.value_or(client.out.size()));
    }
}

} // namespace game
