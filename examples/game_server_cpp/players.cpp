#include "players.hpp"

#include "stores.hpp"

#include <algorithm>
#include <cstdio>

namespace game {
namespace {

constexpr auto tick_budget = std::chrono::milliseconds(5);
constexpr auto shutdown_time = std::chrono::seconds(20);
constexpr std::size_t max_players = 4096;

void complain(std::string_view about, const char *what, std::string_view text) {
    std::fprintf(stderr, "game_server: %s: %s: %s\n", std::string(about).c_str(), what, std::string(text).c_str());
}

// For calls whose failure nobody waits to hear of.
void check(const slk::result<void> &done, std::string_view about, const char *what) {
    if (!done)
        complain(about, what, done.error().message());
}

} // namespace

/* Start and end */

// The one place where failures are exceptions: without store and engine there is no server.
Players::Players(const Options &options, Audit &audit, Clients &clients)
    : audit_(audit), clients_(clients), store_(open_store(options)) {
    slk::engine_options engine;
    engine.server_id = options.server_id;
    engine.lease = options.lease;
    engine.predecessor_gone = options.predecessor_gone;
    engine.log = [](slk::log_level, std::string_view text) {
        std::fprintf(stderr, "game_server: %s\n", std::string(text).c_str());
    };
    engine_ = slk::engine::create(std::move(engine)).value();

    spec_ = engine_.create_spec(store_, spec_options(options)).value();
}

slk::spec_options Players::spec_options(const Options &options) {
    slk::spec_options spec;
    spec.name = "player";
    spec.schema_version = options.game_version;
    spec.default_data = old_new_player;
    spec.autosave = options.autosave;
    spec.apply_receipt = [this](const slk::receipt_view &receipt, slk::document_ref draft) {
        return apply_receipt(receipt, draft);
    };
    if (options.game_version > 1)
        use_version_2(spec);
    return spec;
}

void Players::use_version_2(slk::spec_options &spec) {
    plays_offline_ = true;
    spec.default_data = new_player;
    spec.migrations = slk::migrations::create().value();
    const auto migrator = [this](const slk::migration_view &asked, slk::document_ref draft) { return migrate(asked, draft); };
    spec.migrations.add_migrator(1, migrator, slk::migration_kind::compatible).value();
    spec.merge_offline = [this](const slk::data_view &about, slk::document_ref offline, slk::document_ref draft) {
        return merge(about, offline, draft);
    };
    spec.apply_change = [this](const slk::change_view &change, slk::document_ref draft) {
        return apply_change(change, draft);
    };
    spec.revoke_receipt = [this](const slk::receipt_view &receipt, slk::document_ref draft) {
        return take_back(receipt, draft);
    };
    spec.before_save = [](const slk::save_view &save, slk::document_ref draft) {
        // A session that is only confirmed has nothing new to save.
        return save.reason() == slk::save_reason::confirm ? slk::result<void>() : draft.add("/saves", 1);
    };
}

/* Called by the library, inside update */

slk::result<Summary> Players::apply_receipt(const slk::receipt_view &receipt, slk::document_ref draft) {
    auto after = apply(receipt, draft);
    const Player *player = find(receipt.user_tag());
    // Credit has a product, and no purchase any more.
    const bool is_credit = receipt.kind() == slk::apply_kind::credit;
    if (after && player != nullptr)
        audit_.line("applied", player->name, "epoch", player->epoch, is_credit ? "credit" : "receipt",
                    is_credit ? receipt.product() : receipt.purchase_id(), "ops", after->ops, "gold", after->gold,
                    "receipts", after->receipts);
    return after;
}

slk::result<Summary> Players::take_back(const slk::receipt_view &receipt, slk::document_ref draft) {
    auto after = game::take_back(receipt, draft);
    const Player *player = find(receipt.user_tag());
    if (after && player != nullptr)
        audit_.line("applied", player->name, "epoch", player->epoch, "refund", receipt.purchase_id(), "ops", after->ops,
                    "gold", after->gold, "receipts", after->receipts);
    return after;
}

// It may have waited in the record and be applied before the event of the load is taken; the audit log has the load first
// all the same.
slk::result<Summary> Players::apply_change(const slk::change_view &change, slk::document_ref draft) {
    Player *player = find(change.user_tag());
    if (player != nullptr)
        if (const auto status = player->locker.status())
            note_session(*player, status->epoch);
    auto after = apply(change, draft);
    if (after && player != nullptr)
        audit_.line("received", player->name, "epoch", player->epoch, "kind", change.kind(), "ops", after->ops, "gold",
                    after->gold, "receipts", after->receipts);
    return after;
}

slk::result<void> Players::migrate(const slk::migration_view &asked, slk::document_ref draft) {
    if (Player *player = find(asked.user_tag()))
        player->migrated = {asked.from_version(), asked.to_version()};
    return game::migrate(draft);
}

slk::result<void> Players::merge(const slk::data_view &about, slk::document_ref offline, slk::document_ref draft) {
    const auto before = summary_of(draft);
    if (!before)
        return before.error();
    if (Player *player = find(about.user_tag()))
        player->before_merge = *before;
    return game::merge(offline, draft);
}

void Players::tick() {
    check(engine_.update(tick_budget), "update", "failed");
    const auto happened = engine_.dispatch([this](auto now) {
        if constexpr (std::is_base_of_v<slk::events::of_locker, decltype(now)>) {
            if (Player *player = find(now.user_tag))
                on(*player, now);
        } else {
            on(now);
        }
    });
    check(happened, "events", "failed");
    watch();
}

void Players::begin_shutdown(ClientId client) {
    const auto begun = shutting_down_ ? slk::result<void>() : engine_.begin_shutdown(shutdown_time);
    shutting_down_ = begun.has_value();
    if (begun)
        clients_.print(client, "ok shutdown");
    else
        clients_.print(client, "error shutdown:", begun.error().message());
}

/* What clients ask */

Players::Player *Players::find(const std::string &name) {
    const auto tag = tags_.find(name);
    return tag == tags_.end() ? nullptr : find(tag->second);
}

Players::Player *Players::find(std::uint64_t tag) {
    const auto player = players_.find(tag);
    return player == players_.end() ? nullptr : &player->second;
}

void Players::answer_failure(ClientId client, const char *command, const std::string &name, const slk::failure &why) {
    clients_.print(client, "error", command, name + ":", why.message());
}

// The player, if this server surely holds the record right now; otherwise the client is told why not. While a session is
// only suspect a game may let play go on and save later. This one stops: what it says, holds.
Players::Player *Players::find_available(ClientId client, const char *command, const std::string &name) {
    Player *player = find(name);
    if (player == nullptr)
        clients_.print(client, "error", command, name + ":", "not on this server");
    else if (!player->locker.is_available())
        clients_.print(client, "error", command, name + ":", "not available now");
    else
        return player;
    return nullptr;
}

// As find_available, or on the way here: then the library works on the default data, and merges what was changed into what
// is loaded.
Players::Player *Players::find_playable(ClientId client, const char *command, const std::string &name) {
    Player *player = find(name);
    if (plays_offline_ && player != nullptr && !player->locker.is_loaded()) {
        const auto status = player->locker.status();
        if (status && status->wanted && status->load != slk::load_state::releasing)
            return player;
    }
    return find_available(client, command, name);
}

void Players::join(ClientId client, const std::string &name) {
    // Who left a moment ago may still be here, being saved: then marking the same locker again calls that off.
    Player *player = find(name);
    if (player == nullptr && players_.size() >= max_players)
        return clients_.print(client, "error join", name + ":", "the server is full");
    if (player == nullptr) {
        const std::uint64_t tag = last_tag_ + 1;
        auto locker = spec_.open_locker(name, tag);
        if (!locker)
            return answer_failure(client, "join", name, locker.error());
        last_tag_ = tag;
        tags_[name] = tag;
        player = &players_[tag];
        player->name = name;
        player->tag = tag;
        player->locker = std::move(*locker);
    }
    if (const auto marked = player->locker.mark_should_acquire(); !marked)
        return answer_failure(client, "join", name, marked.error());
    player->client = client;
    clients_.print(client, "ok join", name);
}

void Players::leave(ClientId client, const std::string &name) {
    const Player *player = find(name);
    if (player == nullptr)
        return clients_.print(client, "error leave", name + ":", "not on this server");
    if (const auto marked = player->locker.mark_should_release(); !marked)
        return answer_failure(client, "leave", name, marked.error());
    clients_.print(client, "ok leave", name);
}

void Players::change_gold(ClientId client, const char *command, Player &player, std::int64_t amount) {
    const auto change = add_gold(player.locker, amount);
    if (!change)
        return answer_failure(client, command, player.name, change.error());
    const auto now = summary_of(player.locker);
    if (!now)
        return answer_failure(client, command, player.name, now.error());
    // The audit log has it first: it must know at least as much as any client.
    note_change(player, "changed", *change, *now);
    clients_.print(client, "ok", command, player.name, "gold", now->gold, "change", *change);
}

// What is changed before the player is loaded belongs to no session yet.
void Players::note_change(const Player &player, const char *what, slk::change_id change, const Summary &now) {
    if (player.playing)
        audit_.line(what, player.name, "epoch", player.epoch, "change", change, "ops", now.ops, "gold", now.gold,
                    "receipts", now.receipts);
}

void Players::earn(ClientId client, const std::string &name, std::int64_t amount) {
    if (Player *player = find_playable(client, "earn", name))
        change_gold(client, "earn", *player, amount);
}

void Players::spend(ClientId client, const std::string &name, std::int64_t amount) {
    Player *player = find_playable(client, "spend", name);
    if (player == nullptr)
        return;
    const auto gold = player->locker.get<std::int64_t>("/gold");
    if (!gold)
        answer_failure(client, "spend", name, gold.error());
    else if (*gold < amount)
        clients_.print(client, "error spend", name + ":", "has only", *gold, "gold");
    else
        change_gold(client, "spend", *player, -amount);
}

namespace {

slk::receipt receipt_of(ClientId client, const std::string &product, const std::string &purchase) {
    slk::receipt receipt;
    receipt.provider = "example-shop";
    receipt.environment = "live";
    receipt.purchase_id = purchase;
    receipt.product = product;
    receipt.tag = client;
    return receipt;
}

} // namespace

void Players::buy(ClientId client, const std::string &name, const std::string &product, const std::string &purchase) {
    order(client, "buy", name, receipt_of(client, product, purchase));
}

void Players::refund(ClientId client, const std::string &name, const std::string &product, const std::string &purchase) {
    auto receipt = receipt_of(client, product, purchase);
    receipt.state = slk::receipt_state::revoked;
    order(client, "refund", name, receipt);
}

void Players::order(ClientId client, const char *command, const std::string &name, const slk::receipt &receipt) {
    const Player *player = find_available(client, command, name);
    if (player == nullptr)
        return;
    if (const auto taken = player->locker.process_receipt(receipt); !taken)
        return answer_failure(client, command, name, taken.error());
    clients_.print(client, "ok", command, name, receipt.purchase_id);
}

void Players::redeem(ClientId client, const std::string &name, const std::string &product) {
    const Player *player = find_available(client, "redeem", name);
    if (player == nullptr)
        return;
    if (const auto taken = player->locker.use_credit(product, client); !taken)
        return answer_failure(client, "redeem", name, taken.error());
    clients_.print(client, "ok redeem", name, product);
}

void Players::gift(ClientId client, const std::string &name, const std::string &to, std::int64_t amount) {
    const Player *player = find_available(client, "gift", name);
    if (player == nullptr)
        return;
    const auto gold = player->locker.get<std::int64_t>("/gold");
    if (!gold)
        return answer_failure(client, "gift", name, gold.error());
    if (*gold < amount)
        return clients_.print(client, "error gift", name + ":", "has only", *gold, "gold");
    const auto change = send_gift(player->locker, spec_, name, to, amount);
    const auto now = summary_of(player->locker);
    // The gift leaves with the save: its receiver should not have to wait for the next one.
    const auto marked = player->locker.mark_should_save();
    for (const slk::failure &why : {change.error(), now.error(), marked.error()})
        if (why.code != slk::result_code::ok)
            return answer_failure(client, "gift", name, why);
    note_change(*player, "gave", *change, *now);
    clients_.print(client, "ok gift", name, to, "gold", now->gold, "change", *change);
}

// From the server itself. The letters of words are those that JSON takes as they are.
void Players::mail(ClientId client, const std::string &to, const std::string &text) {
    const auto sent = spec_.send_change(to, "mail", '"' + text + '"', client, slk::if_missing::create);
    if (!sent)
        return answer_failure(client, "mail", to, sent.error());
    clients_.print(client, "ok mail", to);
}

void Players::save(ClientId client, const std::string &name) {
    const Player *player = find_available(client, "save", name);
    if (player == nullptr)
        return;
    // A change of its own, so that there is one to wait for. The answer comes with its event.
    const auto change = player->locker.mark_changed();
    slk::result<void> done = change;
    if (done)
        done = player->locker.await_change(*change, client);
    if (done)
        done = player->locker.mark_force_save();
    if (!done)
        answer_failure(client, "save", name, done.error());
}

namespace {

// A list of ids as words separated by commas; "-" if there are none.
slk::result<std::string> list_ids(slk::locker_ref player, const std::string &list) {
    const auto count = player.length(list);
    if (!count)
        return count.error();
    std::string words;
    for (std::size_t i = 0; i < *count; ++i) {
        const auto id = player.get<std::string>(list + "/" + std::to_string(i));
        if (!id)
            return id;
        words += (words.empty() ? "" : ",") + *id;
    }
    return words.empty() ? "-" : words;
}

} // namespace

void Players::show(ClientId client, const std::string &name) {
    const Player *player = find_available(client, "show", name);
    if (player == nullptr)
        return;
    const auto now = summary_of(player->locker);
    const auto credit = player->locker.credit("vip");
    const auto receipts = list_ids(player->locker, "/receipts");
    for (const slk::failure &why : {now.error(), credit.error(), receipts.error()})
        if (why.code != slk::result_code::ok)
            return answer_failure(client, "show", name, why);
    clients_.print(client, "ok show", name, "gold", now->gold, "ops", now->ops, "vip", now->vip ? "yes" : "no", "credit",
                   *credit, "receipts", *receipts, "gifts", now->gifts, "mail", now->mail);
}

// Records of version 1 have neither list.
void Players::letters(ClientId client, const std::string &name) {
    const Player *player = find_available(client, "letters", name);
    if (player == nullptr)
        return;
    clients_.print(client, "ok letters", name, "gifts", list_ids(player->locker, "/gifts").value_or("-"), "mail",
                   list_ids(player->locker, "/mail").value_or("-"));
}

void Players::client_gone(ClientId client) {
    for (auto &[tag, player] : players_) {
        if (player.client != client)
            continue;
        player.client = nobody;
        check(player.locker.mark_should_release(), player.name, "cannot be released");
    }
}

/* What happens to one player */

// The data as they are now are those that were loaded, if nothing was done with them yet.
void Players::note_session(Player &player, std::uint64_t epoch) {
    if (epoch <= player.epoch)
        return;
    note_unavailable(player);
    player.epoch = epoch;
    const auto data = summary_of(player.locker);
    if (!data)
        return complain(player.name, "the data are not what this game writes", data.error().message());
    player.playing = true;
    const Summary loaded = player.before_merge.value_or(*data);
    audit_.line("loaded", player.name, "epoch", player.epoch, "ops", loaded.ops, "gold", loaded.gold, "receipts",
                loaded.receipts);
    // What was done before the player was loaded is one change of the session.
    if (const auto status = player.locker.status(); status && loaded.ops != data->ops)
        note_change(player, "changed", status->latest_change, *data);
    player.before_merge.reset();
}

void Players::on(Player &player, const slk::events::loaded &now) {
    // What was loaded may be lost again by the time that this is heard of: then its data are gone.
    if (const auto status = player.locker.status(); !status || status->epoch != now.epoch) {
        audit_.line("missed", player.name, "epoch", now.epoch);
        player.epoch = now.epoch;
        return;
    }
    note_session(player, now.epoch);
    const auto data = summary_of(player.locker);
    if (!data)
        return;
    if (const auto versions = std::exchange(player.migrated, std::nullopt))
        clients_.print(player.client, "* migrated", player.name, "from", versions->first, "to", versions->second);
    clients_.print(player.client, "* loaded", player.name, "gold", data->gold, "ops", data->ops, "epoch", player.epoch);
}

void Players::on(Player &player, const slk::events::load_status &now) {
    switch (now.state) {
    case slk::load_state::locked_elsewhere:
        return clients_.print(player.client, "* waiting", player.name + ":", "server", now.server, "has the player");
    case slk::load_state::store_failure:
    case slk::load_state::unknown_version:
    case slk::load_state::unreadable:
        return clients_.print(player.client, "* waiting", player.name + ":", now.text);
    default: // on its way
        break;
    }
}

void Players::on(Player &player, const slk::events::released &now) {
    const bool handed_over = now.cause == slk::release_cause::handed_over;
    player.playing = false;
    audit_.line("released", player.name, "epoch", player.epoch);
    clients_.print(player.client, "*", handed_over ? "handed-over" : "left", player.name);
}

// `now.document` has the data as they were here, for a game that wants to keep or compare them. This one does not.
void Players::on(Player &player, const slk::events::lost &now) {
    player.playing = false;
    audit_.line("lost", player.name, "epoch", player.epoch, "saved", now.saved_change, "unknown", now.unknown_change);
    clients_.print(player.client, "* lost", player.name + ":", now.text);
}

void Players::on(Player &player, const slk::events::saved &now) {
    audit_.line("saved", player.name, "epoch", player.epoch, "change", now.change);
    clients_.print(player.client, "* saved", player.name, "change", now.change);
}

// The answer to `save`; the tag says who asked.
void Players::on(Player &player, const slk::events::change_settled &now) {
    if (now.state == slk::change_state::saved)
        return clients_.print(now.tag, "ok save", player.name, "change", now.change, "saved");
    const bool lost = now.state == slk::change_state::lost;
    clients_.print(now.tag, "error save", player.name + ":", "change", now.change, "is",
                   lost ? "lost" : "lost or saved, which cannot be known");
}

// A game can finish a fight first, or refuse: slk::locker_ref::answer_handover. This one lets go at once.
void Players::on(Player &player, const slk::events::handover_requested &) {
    audit_.line("asked", player.name, "epoch", player.epoch);
}

void Players::on(Player &player, const slk::events::available &) {
    clients_.print(player.client, "* available", player.name);
}

// The answer to the shop. A real server confirms the purchase to the platform here, and not earlier; what was not processed
// it does not confirm, so that the notice comes again.
void Players::on(Player &player, const slk::events::receipt_settled &now) {
    if (now.outcome == slk::result_code::not_processed) {
        audit_.line("not-processed", player.name, "epoch", player.epoch, "receipt", now.purchase_id);
        return clients_.print(now.tag, "* not-processed", player.name, word(now.purchase_id) + ":", now.text);
    }
    if (now.outcome == slk::result_code::revoked)
        return clients_.print(now.tag, "*", now.duplicate ? "refunded-again" : "refunded", player.name, now.purchase_id);
    const char *what = now.outcome == slk::result_code::credited ? "credited" : now.duplicate ? "granted-again" : "granted";
    audit_.line(what, player.name, "epoch", player.epoch, "receipt", now.purchase_id);
    clients_.print(now.tag, "*", what, player.name, now.purchase_id);
}

void Players::on(Player &player, const slk::events::credit_used &now) {
    if (now.outcome == slk::result_code::ok)
        return clients_.print(now.tag, "* redeemed", player.name, now.product);
    const std::string_view why = !now.text.empty()                                ? now.text
                                 : now.outcome == slk::result_code::empty          ? "there is no credit"
                                 : now.outcome == slk::result_code::not_applicable ? "it cannot be given now"
                                                                                   : "it was not processed";
    clients_.print(now.tag, "* not-redeemed", player.name, word(now.product) + ":", why);
}

void Players::on(Player &player, const slk::events::change_applied &now) {
    clients_.print(player.client, "*", now.kind, player.name, "from", now.from);
}

void Players::on(Player &player, const slk::events::save_trouble &now) {
    complain(player.name, "cannot be saved yet", now.text);
}

void Players::on(Player &player, const slk::events::callback_failed &now) {
    complain(player.name, "a callback failed", now.text);
}

void Players::on(Player &player, const slk::events::left_behind &now) {
    complain(player.name, "not released before the end of the shutdown",
             now.dirty ? "some changes are not saved" : "everything is saved");
}

// Nothing of the player is held or under way here any more.
void Players::on(Player &player, const slk::events::idle &) {
    note_unavailable(player);
    tags_.erase(player.name);
    players_.erase(player.tag);
}

/* What happens to the whole server */

void Players::on(const slk::events::suspect &now) {
    audit_.line("suspect", "-");
    complain(now.store, "no sign of life was taken in time", "the players are not available");
    tell_everybody("suspect");
}

void Players::on(const slk::events::store_available &) { tell_everybody("available"); }

void Players::on(const slk::events::ended &now) {
    complain(now.store, "this server was declared dead", "each player is confirmed anew");
}

void Players::on(const slk::events::server_id_in_use &now) {
    complain(now.store, "another process has this server id", "waiting for it to end");
}

// Two processes with one id are a mistake of whoever started them, and the younger one has won.
void Players::on(const slk::events::superseded &now) {
    complain(now.store, "another process has taken over this server id", "giving up");
    done_ = true;
}

void Players::on(const slk::events::store_trouble &now) { complain(now.store, "the store is in trouble", now.text); }

// The answer to `mail`. A gift, which has no tag, delivers itself.
void Players::on(const slk::events::change_sent &now) {
    if (now.tag == nobody)
        return;
    if (now.outcome == slk::result_code::ok)
        return clients_.print(now.tag, "* mail-sent", now.key);
    const std::string_view why = now.text.empty() ? slk::name_of(now.outcome) : now.text;
    clients_.print(now.tag, "* mail-failed", word(now.key) + ":", why);
}

void Players::on(const slk::events::shutdown_done &) { done_ = true; }

void Players::tell_everybody(const char *what) {
    for (const auto &[tag, player] : players_)
        clients_.print(player.client, "*", what, player.name);
}

/* Who is available, for the audit log */

// The end of a time in which the player was available.
void Players::note_unavailable(Player &player) {
    if (std::exchange(player.available, false))
        audit_.line("unavailable", player.name, "until", player.seen_at.count());
}

// The time before looking goes with what was seen last, and the time after looking with what is seen first: so the player
// was available at both ends of the time that the log states.
void Players::watch() {
    const platform::Time before = platform::now();
    for (auto &[tag, player] : players_) {
        if (!player.locker.is_available()) {
            note_unavailable(player);
            continue;
        }
        if (!std::exchange(player.available, true))
            audit_.line("available", player.name, "epoch", player.epoch);
        player.seen_at = before;
    }
    audit_.line_at(before, "tick", "-");
}

} // namespace game
