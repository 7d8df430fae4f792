// The lines that clients send.
#ifndef GAME_PROTOCOL_HPP
#define GAME_PROTOCOL_HPP

#include "players.hpp"

namespace game {

void take_line(Players &players, Clients &clients, ClientId client, std::string_view line);

} // namespace game

#endif
