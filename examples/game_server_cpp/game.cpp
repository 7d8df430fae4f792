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
    return Summary{*gold, *ops, *vip, *receipts, data.length("/gifts").value_or(0), data.length("/mail").value_or(0)};
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

// What is spent already cannot be taken: the library notes a debt.
slk::result<void> take_product(std::string_view product, slk::document_ref draft) {
    if (product == "gold100") {
        if (draft.get<std::int64_t>("/gold").value_or(0) < 100)
            return slk::result_code::not_applicable;
        return draft.add("/gold", -100);
    }
    if (product != "vip")
        return slk::failure{slk::result_code::invalid_argument, "the shop takes a product back that this game does not have"};
    if (!draft.get<bool>("/vip").value_or(false))
        return slk::result_code::not_applicable;
    return draft.set("/vip", false);
}

// {"gold":30,"id":"ann-7"}: it is noted by its id, one that came back as such.
slk::result<void> take_gift(const slk::change_view &change, slk::document_ref draft) {
    const auto gold = change.get<std::int64_t>("/gold");
    const auto id = change.get<std::string>("/id");
    for (const slk::failure &why : {gold.error(), id.error()})
        if (why.code != slk::result_code::ok)
            return why;
    if (const auto added = draft.add("/gold", *gold); !added)
        return added;
    return draft.append("/gifts", (change.is_returned() ? "back-" : "") + *id);
}

slk::result<Summary> counted(slk::document_ref draft) {
    if (const auto added = draft.add("/ops", 1); !added)
        return added.error();
    return read_summary(draft);
}

} // namespace

slk::result<Summary> summary_of(slk::locker_ref player) { return read_summary(player); }

slk::result<Summary> summary_of(slk::document_ref draft) { return read_summary(draft); }

slk::result<void> migrate(slk::document_ref draft) {
    if (const auto added = draft.set_json("/gifts", R"(["welcome"])"); !added)
        return added;
    if (const auto added = draft.set_json("/mail", "[]"); !added)
        return added;
    return draft.set("/saves", 0);
}

slk::result<void> merge(slk::document_ref offline, slk::document_ref draft) {
    for (const char *number : {"/gold", "/ops"}) {
        const auto amount = offline.get<std::int64_t>(number);
        if (!amount)
            return amount.error();
        if (const auto added = draft.add(number, *amount); !added)
            return added;
    }
    return {};
}

slk::result<slk::change_id> add_gold(slk::locker_ref player, std::int64_t amount) {
    // Two edits, and no save can come between them: the library works only while it is called by the tick.
    if (const auto added = player.add("/gold", amount); !added)
        return added;
    return player.add("/ops", 1);
}

slk::result<Summary> apply(const slk::receipt_view &receipt, slk::document_ref draft) {
    if (const auto given = give_product(receipt.product(), draft); !given)
        return given.error();
    // Credit is of a purchase that was answered long ago.
    if (receipt.kind() == slk::apply_kind::receipt)
        if (const auto noted = draft.append("/receipts", receipt.purchase_id()); !noted)
            return noted.error();
    return counted(draft);
}

slk::result<Summary> take_back(const slk::receipt_view &receipt, slk::document_ref draft) {
    if (const auto taken = take_product(receipt.product(), draft); !taken)
        return taken.error();
    return counted(draft);
}

slk::result<Summary> apply(const slk::change_view &change, slk::document_ref draft) {
    if (change.kind() == "gift") {
        if (const auto taken = take_gift(change, draft); !taken)
            return taken.error();
        return counted(draft);
    }
    // This version of the game does not know it: it waits for one that does.
    if (change.kind() != "mail")
        return slk::failure{slk::result_code::not_applicable, ""};
    if (const auto kept = draft.append_json("/mail", change.json()); !kept)
        return kept.error();
    return read_summary(draft);
}

slk::result<slk::change_id> send_gift(slk::locker_ref player, slk::spec_ref players, const std::string &name,
                                      const std::string &to, std::int64_t gold) {
    // No two gifts of a player that were saved have the same number.
    const auto ops = player.get<std::int64_t>("/ops");
    if (!ops)
        return ops.error();
    const std::string id = name + "-" + std::to_string(*ops + 1);
    const std::string payload = "{\"gold\":" + std::to_string(gold) + R"(,"id":")" + id + "\"}";
    if (const auto queued = player.queue_change(players, to, "gift", payload); !queued)
        return queued;
    return add_gold(player, -gold);
}

} // namespace game
