#include "game.hpp"

namespace game {
namespace {

// The same for a player's data and for a draft of them.
template <class Data>
slk::result<Summary> read_summary(const Data &data) {
    const auto gold = data.template get<std::int64_t>("/gold");
    const auto ops = data.template get<std::int64_t>("/ops");
    const auto vip = data.template get<bool>("/vip");
    const auto receipts = data.length("/receipts");
    for (const slk::failure &why : {gold.error(), ops.error(), vip.error(), receipts.error()})
        if (why.code != slk::result_code::ok)
            return why;
    return Summary{*gold, *ops, *vip, *receipts};
}

slk::result<void> give_product(std::string_view product, slk::document_ref draft) {
    if (product == "gold100")
        return draft.add("/gold", 100);
    if (product != "vip")
        return slk::failure{slk::result_code::invalid_argument, "the shop sold a product that this game does not have"};
    // Paid for, but there is nothing to give: the library notes credit, and the player can have the pass later.
    if (draft.get<bool>("/vip").value_or(false))
        return slk::result_code::not_applicable;
    return draft.set("/vip", true);
}

} // namespace

slk::result<Summary> summary_of(slk::locker_ref player) { return read_summary(player); }

slk::result<slk::change_id> add_gold(slk::locker_ref player, std::int64_t amount) {
    // Two edits, and no save can come between them: the library works only while it is called by the tick.
    if (const auto added = player.add("/gold", amount); !added)
        return added;
    return player.add("/ops", 1);
}

slk::result<Summary> apply(const slk::receipt_view &receipt, slk::document_ref draft) {
    if (const auto given = give_product(receipt.product(), draft); !given)
        return given.error();
    if (const auto noted = draft.append("/receipts", receipt.purchase_id()); !noted)
        return noted.error();
    if (const auto counted = draft.add("/ops", 1); !counted)
        return counted.error();
    return read_summary(draft);
}

} // namespace game
