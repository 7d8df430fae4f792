// The rules of the game: what a player's data look like and what the shop's products do.
#ifndef GAME_GAME_HPP
#define GAME_GAME_HPP

#include <sessionlocker.hpp>

namespace game {

// The data of a player who has never played. `ops` counts every change and `receipts` lists the purchases that took
// effect: the game does not need either, but they let a test see a lost change or a doubled purchase.
inline constexpr char new_player[] =
    R"({"gold":0,"ops":0,"vip":false,"receipts":[],"gifts":[],"mail":[],"saves":0})";
// As they were in version 1 of the game, before there were gifts and mail.
inline constexpr char old_new_player[] = R"({"gold":0,"ops":0,"vip":false,"receipts":[]})";

// The numbers of a player that the protocol and the audit log show.
struct Summary {
    std::int64_t gold = 0;
    std::int64_t ops = 0;
    bool vip = false;
    std::size_t receipts = 0;
    // None in version 1.
    std::size_t gifts = 0;
    std::size_t mail = 0;
};

slk::result<Summary> summary_of(slk::locker_ref player);
slk::result<Summary> summary_of(slk::document_ref draft);

// Turns data of version 1 into data of version 2. Servers of version 1 can go on with them.
slk::result<void> migrate(slk::document_ref draft);

// Adds what was earned and spent before the player was loaded to what was loaded.
slk::result<void> merge(slk::document_ref offline, slk::document_ref draft);

// Adds `amount`, which may be negative, to the player's gold.
slk::result<slk::change_id> add_gold(slk::locker_ref player, std::int64_t amount);

// Applies a purchase to a draft of the player's data; what the data are then. May be called again after a loss: so it
// changes nothing but the draft.
slk::result<Summary> apply(const slk::receipt_view &receipt, slk::document_ref draft);

// Takes a purchase back that was paid back; what the data are then.
slk::result<Summary> take_back(const slk::receipt_view &receipt, slk::document_ref draft);

// Applies a gift or a mail that somebody sent; what the data are then.
slk::result<Summary> apply(const slk::change_view &change, slk::document_ref draft);

// Takes gold from the player and sends it to another as one change: both are saved in one write.
slk::result<slk::change_id> send_gift(slk::locker_ref player, slk::spec_ref players, const std::string &name,
                                      const std::string &to, std::int64_t gold);

} // namespace game

#endif
