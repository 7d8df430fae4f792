// A store of one's own: one file for each record, in a folder that all servers of one machine share, those in C too.
#ifndef GAME_FILE_STORE_HPP
#define GAME_FILE_STORE_HPP

#include <sessionlocker.hpp>

namespace game {

slk::result<slk::store> open_file_store(const std::string &folder);

} // namespace game

#endif
