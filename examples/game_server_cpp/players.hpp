// The players of this server: one locker for each, what clients ask of them, and what happens to them.
#ifndef GAME_PLAYERS_HPP
#define GAME_PLAYERS_HPP

#include "audit.hpp"
#include "clients.hpp"
#include "game.hpp"
#include "options.hpp"

#include <optional>
#include <unordered_map>

namespace game {

class Players {
public:
    // Opens store and engine; throws slk::exception if that cannot be.
    Players(const Options &options, Audit &audit, Clients &clients);

    // One step of the game loop: lets the library work, and tells the clients what happened.
    void tick();
    // Begins to save and release everybody.
    void begin_shutdown(ClientId client);
    // Whether there is nothing more to do.
    bool are_done() const noexcept { return done_; }

    // What clients can ask. Each answers with one line.
    void join(ClientId client, const std::string &name);
    void leave(ClientId client, const std::string &name);
    void earn(ClientId client, const std::string &name, std::int64_t amount);
    void spend(ClientId client, const std::string &name, std::int64_t amount);
    void buy(ClientId client, const std::string &name, const std::string &product, const std::string &purchase);
    void gift(ClientId client, const std::string &name, const std::string &to, std::int64_t amount);
    void mail(ClientId client, const std::string &to, const std::string &text);
    void redeem(ClientId client, const std::string &name, const std::string &product);
    void refund(ClientId client, const std::string &name, const std::string &product, const std::string &purchase);
    void save(ClientId client, const std::string &name);
    void show(ClientId client, const std::string &name);
    void letters(ClientId client, const std::string &name);
    // The connection has ended: its players leave.
    void client_gone(ClientId client);

private:
    struct Player {
        std::string name;
        // Names this entry in events. Unlike the name it is never used again, so that a late event finds nobody instead
        // of somebody else.
        std::uint64_t tag = 0;
        slk::locker locker;
        ClientId client = nobody; // who hears of this player
        std::uint64_t epoch = 0;  // of the session
        bool available = false;   // as seen at the latest tick, for the audit log
        platform::Time seen_at{}; // when it was last seen available
        bool playing = false;     // the session was told of, and its end was not
        // What the callbacks saw while the player was loaded, until the event that tells of it.
        std::optional<std::pair<std::uint32_t, std::uint32_t>> migrated; // from which version to which
        std::optional<Summary> before_merge;
    };

    slk::spec_options spec_options(const Options &options);
    void use_version_2(slk::spec_options &spec);

    // Called by the library, inside update
    slk::result<Summary> apply_receipt(const slk::receipt_view &receipt, slk::document_ref draft);
    slk::result<Summary> take_back(const slk::receipt_view &receipt, slk::document_ref draft);
    slk::result<Summary> apply_change(const slk::change_view &change, slk::document_ref draft);
    slk::result<void> migrate(const slk::migration_view &asked, slk::document_ref draft);
    slk::result<void> merge(const slk::data_view &about, slk::document_ref offline, slk::document_ref draft);

    Player *find(const std::string &name);
    Player *find(std::uint64_t tag);
    Player *find_available(ClientId client, const char *command, const std::string &name);
    Player *find_playable(ClientId client, const char *command, const std::string &name);
    void answer_failure(ClientId client, const char *command, const std::string &name, const slk::failure &why);
    void change_gold(ClientId client, const char *command, Player &player, std::int64_t amount);
    void order(ClientId client, const char *command, const std::string &name, const slk::receipt &receipt);
    void note_session(Player &player, std::uint64_t epoch);
    void note_change(const Player &player, const char *what, slk::change_id change, const Summary &now);

    // What happens to one player
    void on(Player &player, const slk::events::loaded &now);
    void on(Player &player, const slk::events::load_status &now);
    void on(Player &player, const slk::events::released &now);
    void on(Player &player, const slk::events::lost &now);
    void on(Player &player, const slk::events::saved &now);
    void on(Player &player, const slk::events::change_settled &now);
    void on(Player &player, const slk::events::handover_requested &now);
    void on(Player &player, const slk::events::available &now);
    void on(Player &player, const slk::events::receipt_settled &now);
    void on(Player &player, const slk::events::save_trouble &now);
    void on(Player &player, const slk::events::callback_failed &now);
    void on(Player &player, const slk::events::left_behind &now);
    void on(Player &player, const slk::events::idle &now);
    void on(Player &player, const slk::events::credit_used &now);
    void on(Player &player, const slk::events::change_applied &now);
    // There is more that this game has no use for.
    template <class Event>
    void on(Player &, const Event &) {}

    // What happens to the whole server
    void on(const slk::events::suspect &now);
    void on(const slk::events::store_available &now);
    void on(const slk::events::ended &now);
    void on(const slk::events::server_id_in_use &now);
    void on(const slk::events::superseded &now);
    void on(const slk::events::store_trouble &now);
    void on(const slk::events::shutdown_done &now);
    void on(const slk::events::change_sent &now);
    // Nothing that this game asks for, or of a newer library.
    template <class Event>
    void on(const Event &) {}

    void tell_everybody(const char *what);
    void note_unavailable(Player &player);
    void watch();

    Audit &audit_;
    Clients &clients_;
    bool plays_offline_ = false;
    bool shutting_down_ = false;
    bool done_ = false;
    std::uint64_t last_tag_ = 0;
    std::unordered_map<std::uint64_t, Player> players_;
    std::unordered_map<std::string, std::uint64_t> tags_;
    // These end by themselves, in any order.
    slk::store store_;
    slk::engine engine_;
    slk::spec spec_;
};

} // namespace game

#endif
