// The store with the players: which one, and whether it keeps what a store must promise.
#ifndef GAME_STORES_HPP
#define GAME_STORES_HPP

#include "options.hpp"

#include <sessionlocker.hpp>

namespace game {

// Opens the store of the command line; throws slk::exception if that cannot be.
slk::store open_store(const Options &options);

// Tries out what a store must promise, next to what is in it, and says which promises it breaks. Waits for the store.
bool check_store(const Options &options);

} // namespace game

#endif
