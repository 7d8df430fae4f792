// The rules of the game: what a player's data look like and what the shop's products do.
#ifndef GAME_GAME_HPP
#define GAME_GAME_HPP

#include <sessionlocker.hpp>

namespace game {

// The data of a player who has never played. `ops` counts every change and `receipts` lists the purchases that took
// effect: the game does not need either, but they let a test see a lost change or a doubled purchase.
inline constexpr char new_player[] = R"({"gold":0,"ops":0,"vip":false,"receipts":[]})";

// The numbers of a player that the protocol and the audit log show.
struct Summary {
    std::int64_t gold = 0;
    std::int64_t ops = 0;
    bool vip = false;
    std::size_t receipts = 0;
};

slk::result<Summary> summary_of(slk::locker_ref player);

// Adds `amount`, which may be negative, to the player's gold.
slk::result<slk::change_id> add_gold(slk::locker_ref player, std::int64_t amount);

// Applies a purchase to a draft of the player's data; what the data are then. May be called again after a loss: so it
// changes nothing but the draft.
slk::result<Summary> apply(const slk::receipt_view &receipt, slk::document_ref draft);

} // namespace game

#endif
