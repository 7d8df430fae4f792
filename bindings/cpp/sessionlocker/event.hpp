// Events: what happened, as one struct for each kind, for a visitor; or as one class with a kind, for a switch.
#ifndef SESSIONLOCKER_EVENT_HPP
#define SESSIONLOCKER_EVENT_HPP

#include "locker.hpp"

namespace slk {

// Makes one visitor of several lambdas:
//
//     engine.dispatch(slk::overload{
//         [&](const slk::events::loaded &now) { ... },
//         [&](slk::events::lost now) { ... },
//     });
template <class... Functions>
struct overload : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
overload(Functions...) -> overload<Functions...>;

// Views in events live until the visitor returns.
namespace events {

// The locker is null if you have destroyed it; user_tag and key are as given to open_locker.
struct of_locker {
    locker_ref locker;
    std::uint64_t user_tag = 0;
    std::string_view key;
};

// The record is loaded and held. The player may be let in.
struct loaded : of_locker {
    std::uint64_t epoch = 0;
};
// Loading takes a new turn.
struct load_status : of_locker {
    load_state state = load_state::idle;
    std::string_view text;
    // For load_state::locked_elsewhere: who has the record, since when by that server's clock, and whether it refused.
    std::string_view server;
    wall_time since{};
    bool refused = false;
    // For load_state::store_failure.
    trouble_cause cause = trouble_cause::none;
    // For load_state::unknown_version: the least schema version that a server must know, or 0.
    std::uint64_t least_version = 0;
};
// Saved and let go.
struct released : of_locker {
    release_cause cause = release_cause::released;
    change_id saved_change = 0;
};
// The session is over, and not by our release. The player must be kicked.
struct lost : of_locker {
    loss_cause cause = loss_cause::taken;
    // The data as they were here.
    slk::document document;
    // Changes up to the first are saved, of those up to the second it cannot be known, later ones are lost.
    change_id saved_change = 0;
    change_id unknown_change = 0;
    std::string_view text;
};
// All changes up to this one are saved.
struct saved : of_locker {
    change_id change = 0;
};
// The answer to await_change.
struct change_settled : of_locker {
    change_id change = 0;
    std::uint64_t tag = 0;
    change_state state = change_state::unknown;
};
// A save did not succeed and is tried again.
struct save_trouble : of_locker {
    std::string_view text;
    trouble_cause cause = trouble_cause::none;
};
// A save is being sent.
struct saving : of_locker {
    save_reason reason = save_reason::autosave;
};
// The last save was not made, because `validate` refused the data. `released` follows.
struct save_refused : of_locker {
    slk::document document;
    // Changes up to this one are saved, later ones are lost.
    change_id saved_change = 0;
    std::string_view text;
};
// The record that is about to be saved has come close to the largest that may be.
struct size_warning : of_locker {
    std::uint64_t bytes = 0;
    std::string_view text;
};
// What was edited before the data were loaded could not be merged.
struct offline_dropped : of_locker {
    slk::document document;
    std::string_view text;
};
// A change that somebody sent has taken effect and is saved.
struct change_applied : of_locker {
    std::string_view kind;
    std::string_view from;
    change_id change = 0;
};
// The last living handle of the locker was marked as deleted.
struct deleted : of_locker {};
// Another server asks for the record.
struct handover_requested : of_locker {
    std::string_view server;
};
// The session is available again after it had been in doubt.
struct available : of_locker {
    std::uint64_t epoch = 0;
};
// A receipt was dealt with: only now may the platform be answered.
struct receipt_settled : of_locker {
    std::string_view purchase_id;
    std::uint64_t tag = 0;
    // granted, credited, pending, parked, rejected, revoked or not_processed.
    result_code outcome = result_code::not_processed;
    // It had been dealt with before.
    bool duplicate = false;
    std::string_view text;
    // It had been parked, and its product is known now. Nobody waits for this answer.
    bool taken_up = false;
};
// The credit for a product is another one from now on; below zero for a debt.
struct credit_changed : of_locker {
    std::string_view product;
    std::int64_t amount = 0;
};
// A use of credit was dealt with.
struct credit_used : of_locker {
    std::string_view product;
    std::uint64_t tag = 0;
    // ok, empty (there is no credit), not_applicable or not_processed.
    result_code outcome = result_code::not_processed;
    std::string_view text;
};
// A callback of yours failed, and its edits were dropped.
struct callback_failed : of_locker {
    std::string_view text;
};
// Nothing is held, wanted or under way any more.
struct idle : of_locker {};
// It did not make it before the deadline of the shutdown.
struct left_behind : of_locker {
    bool dirty = false;
};

// An answer about a record that is not held, or need not be.
struct of_record {
    spec_ref spec;
    std::string_view key;
    std::uint64_t tag = 0;
    result_code outcome = result_code::unknown;
    std::string_view text;
};
// To spec::send_change: ok, empty (no record), full, lost (never written) or unknown. Without a tag: a change that some
// record queued, of which it cannot be known whether it arrived.
struct change_sent : of_record {};
// To spec::update_record: saved, locked_elsewhere, callback (refused), lost (never written) or unknown.
struct record_updated : of_record {
    std::string_view server;
};
// To spec::view_record: ok, empty (no record), unreadable or store.
struct record_viewed : of_record {
    slk::document document;
    // Who holds it, if anybody does, and since when.
    std::string_view server;
    wall_time since{};
    std::uint64_t epoch = 0;
    // As it is stored.
    std::uint64_t schema_version = 0;
};
// To spec::erase_record and spec::erase_user: ok, empty (no record), locked_elsewhere, unreadable or store.
struct record_erased : of_record {
    std::string_view server;
};
// To spec::export_user, once for each record.
struct record_exported : of_record {
    slk::document document;
};
// spec::export_user or spec::erase_user has gone through all records: ok, or not_applied if some were left.
struct user_done : of_record {
    std::uint64_t count = 0;
};

// No sign of life was taken by the store in time: none of its lockers is available until one is.
struct suspect {
    std::string_view store;
};
// The store takes signs of life again: its lockers are available again.
struct store_available {
    std::string_view store;
};
// This server was declared dead on the store; it registers again and confirms each session.
struct ended {
    std::string_view store;
};
// Another living process uses this server id; it is waited for.
struct server_id_in_use {
    std::string_view store;
};
// Another living process has taken over this server id: no session there is available ever again.
struct superseded {
    std::string_view store;
};
// The store does not take signs of life.
struct store_trouble {
    std::string_view store;
    std::string_view text;
    trouble_cause cause = trouble_cause::none;
};
// So many requests to the store fail that loads are tried less often until it is well again.
struct store_critical {
    std::string_view store;
    std::string_view text;
    trouble_cause cause = trouble_cause::none;
};
struct store_recovered {
    std::string_view store;
};
// The shutdown is over.
struct shutdown_done {
    std::uint64_t left_behind = 0;
};
// Of a kind that a newer library knows and this header does not.
struct other {
    const slk_event *native = nullptr;
};

} // namespace events

// One event as it comes out of the queue. Its views live until the next call of next_event, next_events, dispatch, update
// or destroy on its engine.
class event {
public:
    explicit event(const slk_event &native) noexcept : native_(native), document_(native.document) {}

    event_kind kind() const noexcept { return static_cast<event_kind>(native_.kind); }
    result_code outcome() const noexcept { return static_cast<result_code>(native_.result); }
    locker_ref locker() const noexcept { return locker_ref(native_.locker); }
    std::uint64_t user_tag() const noexcept { return native_.user_tag; }
    std::string_view key() const noexcept { return detail::view(native_.key, native_.key_length); }
    std::string_view text() const noexcept { return detail::view(native_.text, native_.text_length); }
    // A server, store, purchase, product or kind of change.
    std::string_view name() const noexcept { return detail::view(native_.name, native_.name_length); }
    std::uint64_t epoch() const noexcept { return native_.epoch; }
    change_id change() const noexcept { return native_.change; }
    change_id unknown_change() const noexcept { return native_.unknown_change; }
    std::uint64_t tag() const noexcept { return native_.tag; }
    std::uint64_t count() const noexcept { return native_.count; }
    wall_time since() const noexcept { return wall_time(std::chrono::milliseconds(native_.since_ms)); }
    load_state load() const noexcept { return static_cast<load_state>(native_.detail); }
    slk::loss_cause loss_cause() const noexcept { return static_cast<slk::loss_cause>(native_.detail); }
    slk::release_cause release_cause() const noexcept { return static_cast<slk::release_cause>(native_.detail); }
    bool is_refused() const noexcept { return (native_.flags & SLK_EVENT_REFUSED) != 0; }
    bool is_duplicate() const noexcept { return (native_.flags & SLK_EVENT_DUPLICATE) != 0; }
    bool is_dirty() const noexcept { return (native_.flags & SLK_EVENT_DIRTY) != 0; }
    bool is_taken_up() const noexcept { return (native_.flags & SLK_EVENT_TAKEN_UP) != 0; }
    spec_ref spec() const noexcept { return spec_ref(native_.spec); }
    trouble_cause cause() const noexcept { return static_cast<trouble_cause>(native_.cause); }
    std::int64_t amount() const noexcept { return native_.amount; }
    save_reason reason() const noexcept { return static_cast<save_reason>(native_.detail); }
    // The data that come with the event, which belong to whoever takes them.
    slk::document take_document() noexcept { return std::move(document_); }

    // Gives the visitor the struct of this kind. Kinds that it has no function for are passed over.
    template <class Visitor>
    void visit(Visitor &&visitor) {
        switch (kind()) {
        case event_kind::suspect:
            return tell(visitor, events::suspect{name()});
        case event_kind::ended:
            return tell(visitor, events::ended{name()});
        case event_kind::server_id_in_use:
            return tell(visitor, events::server_id_in_use{name()});
        case event_kind::superseded:
            return tell(visitor, events::superseded{name()});
        case event_kind::store_trouble:
            return tell(visitor, events::store_trouble{name(), text(), cause()});
        case event_kind::store_critical:
            return tell(visitor, events::store_critical{name(), text(), cause()});
        case event_kind::store_recovered:
            return tell(visitor, events::store_recovered{name()});
        case event_kind::shutdown_done:
            return tell(visitor, events::shutdown_done{count()});
        case event_kind::available:
            // Without a locker and its key it is about a whole store.
            if (key().empty())
                return tell(visitor, events::store_available{name()});
            return tell(visitor, events::available{about(), epoch()});
        default:
            return visit_record_event(visitor);
        }
    }

private:
    template <class Visitor>
    void visit_record_event(Visitor &visitor) {
        switch (kind()) {
        case event_kind::change_sent:
            return tell(visitor, events::change_sent{about_record()});
        case event_kind::record_updated:
            return tell(visitor, events::record_updated{about_record(), name()});
        case event_kind::record_viewed:
            return tell(visitor, events::record_viewed{about_record(), take_document(), name(), since(), epoch(), count()});
        case event_kind::record_erased:
            return tell(visitor, events::record_erased{about_record(), name()});
        case event_kind::record_exported:
            return tell(visitor, events::record_exported{about_record(), take_document()});
        case event_kind::user_done:
            return tell(visitor, events::user_done{about_record(), count()});
        default:
            return visit_locker_event(visitor);
        }
    }

    template <class Visitor>
    void visit_locker_event(Visitor &visitor) {
        switch (kind()) {
        case event_kind::loaded:
            return tell(visitor, events::loaded{about(), epoch()});
        case event_kind::load_status:
            return tell(visitor, events::load_status{about(), load(), text(), name(), since(), is_refused(), cause(),
                                                     count()});
        case event_kind::released:
            return tell(visitor, events::released{about(), release_cause(), change()});
        case event_kind::lost:
            return tell(visitor, events::lost{about(), loss_cause(), take_document(), change(), unknown_change(), text()});
        case event_kind::saved:
            return tell(visitor, events::saved{about(), change()});
        case event_kind::change_settled:
            return tell(visitor, events::change_settled{about(), change(), tag(),
                                                        static_cast<change_state>(native_.result)});
        case event_kind::save_trouble:
            return tell(visitor, events::save_trouble{about(), text(), cause()});
        case event_kind::saving:
            return tell(visitor, events::saving{about(), reason()});
        case event_kind::save_refused:
            return tell(visitor, events::save_refused{about(), take_document(), change(), text()});
        case event_kind::size_warning:
            return tell(visitor, events::size_warning{about(), count(), text()});
        case event_kind::offline_dropped:
            return tell(visitor, events::offline_dropped{about(), take_document(), text()});
        case event_kind::change_applied:
            return tell(visitor, events::change_applied{about(), name(), text(), change()});
        case event_kind::deleted:
            return tell(visitor, events::deleted{about()});
        case event_kind::handover_requested:
            return tell(visitor, events::handover_requested{about(), name()});
        case event_kind::receipt:
            return tell(visitor, events::receipt_settled{about(), name(), tag(), outcome(), is_duplicate(), text(),
                                                         is_taken_up()});
        case event_kind::credit_changed:
            return tell(visitor, events::credit_changed{about(), name(), amount()});
        case event_kind::credit_used:
            return tell(visitor, events::credit_used{about(), name(), tag(), outcome(), text()});
        case event_kind::callback_failed:
            return tell(visitor, events::callback_failed{about(), text()});
        case event_kind::idle:
            return tell(visitor, events::idle{about()});
        case event_kind::left_behind:
            return tell(visitor, events::left_behind{about(), is_dirty()});
        default:
            return tell(visitor, events::other{&native_});
        }
    }

    events::of_locker about() const noexcept { return {locker(), user_tag(), key()}; }
    events::of_record about_record() const noexcept { return {spec(), key(), tag(), outcome(), text()}; }

    template <class Visitor, class Event>
    static void tell(Visitor &visitor, Event &&happened) {
        static_assert(!std::is_invocable_v<Visitor &, Event &> || std::is_invocable_v<Visitor &, Event>,
                      "take events by value or const reference");
        if constexpr (std::is_invocable_v<Visitor &, Event>)
            visitor(std::forward<Event>(happened));
    }

    slk_event native_;
    slk::document document_;
};

} // namespace slk

#endif
