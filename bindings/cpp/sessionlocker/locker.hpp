// Lockers: sessions on records, their data and purchases.
#ifndef SESSIONLOCKER_LOCKER_HPP
#define SESSIONLOCKER_LOCKER_HPP

#include "data.hpp"

namespace slk {

using wall_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// A purchase notice of a platform. Provider, environment and purchase id together name the purchase.
struct receipt {
    std::string provider;
    std::string environment;
    std::string purchase_id;
    std::string product;
    // Anything that apply_receipt should get.
    std::string context;
    // Comes back in the event.
    std::uint64_t tag = 0;
    // What the platform says of it.
    receipt_state state = receipt_state::purchased;
};

// A purchase as a record remembers it.
struct past_purchase {
    std::string provider;
    std::string environment;
    std::string purchase_id;
    std::string product;
    // "granted", "credited", "pending", "rejected", "revoked" or "parked", or a word of a newer version.
    std::string state;
    wall_time at{};
};

// Where a locker stands; see slk_locker_status.
struct locker_status {
    load_state load = load_state::idle;
    // For load_state::locked_elsewhere: whether the other server has refused to let go, and since when it has the record.
    bool refused = false;
    wall_time since{};
    std::uint64_t epoch = 0;
    change_id latest_change = 0;
    change_id saved_change = 0;
    std::uint64_t purchases_in_progress = 0;
    // Changes of others that wait to be applied, and changes of this record that are on their way.
    std::uint64_t incoming_changes = 0;
    std::uint64_t outgoing_changes = 0;
    bool available = false;
    bool wanted = false;
    bool dirty = false;
    bool idle = false;
};

// What became of a change.
enum class change_state : slk_result {
    pending = SLK_PENDING,
    saved = SLK_SAVED,
    lost = SLK_LOST,
    unknown = SLK_UNKNOWN,
};

namespace detail {

// Everything that can be done with a locker.
template <class Self>
class locker_access : public data_access<Self, change_id> {
public:
    // A part of the game, by its name or without one, wants the record: it is loaded, and stays so until the last part
    // lets go.
    result<void> mark_should_acquire(const text_in &name = nullptr) const {
        if (name.hides_nul())
            return hidden_nul("name");
        return checked(slk_locker_mark_should_acquire(handle(), name.c_str()));
    }
    result<void> mark_should_release(const text_in &name = nullptr) const {
        if (name.hides_nul())
            return hidden_nul("name");
        return checked(slk_locker_mark_should_release(handle(), name.c_str()));
    }

    // As mark_should_acquire, and takes the record also from a living server, which loses what it had not saved.
    result<void> take_over(const text_in &name = nullptr) const {
        if (name.hides_nul())
            return hidden_nul("name");
        return checked(slk_locker_take_over(handle(), name.c_str()));
    }

    // Saves soon if something changed; mark_force_save saves at once.
    result<void> mark_should_save() const { return checked(slk_locker_mark_should_save(handle())); }
    result<void> mark_force_save() const { return checked(slk_locker_mark_force_save(handle())); }

    // State that the game keeps itself has changed; before_save will write it.
    result<change_id> mark_changed() const {
        change_id change = 0;
        const slk_result code = slk_locker_mark_changed(handle(), &change);
        return code == SLK_OK ? result<change_id>(change) : result<change_id>(failed(code));
    }

    // This part of the game is done with the locker for good: every later use gives result_code::deleted.
    result<void> mark_deleted() const { return checked(slk_locker_mark_deleted(handle())); }

    // As engine::update, for this locker alone. True if it is idle now.
    result<bool> update(std::chrono::microseconds budget = {}) const {
        const auto time = to_u32(budget, "budget");
        if (!time)
            return time.error();
        const slk_result code = slk_locker_update(handle(), *time);
        graveyard::instance().sweep();
        if (code == SLK_OK || code == SLK_IDLE)
            return code == SLK_IDLE;
        return failed(code);
    }

    // Whether the session is surely ours now. Computed from the clock at each call.
    bool is_available() const noexcept { return slk_locker_is_available(handle()) == 1; }
    bool is_loaded() const noexcept { return slk_locker_is_loaded(handle()) == 1; }
    bool is_idle() const noexcept { return slk_locker_is_idle(handle()) == 1; }

    // Whether before_save will be called before the session's last save.
    bool is_syncing() const noexcept { return slk_locker_is_syncing(handle()) == 1; }

    result<locker_status> status() const {
        slk_locker_status native{};
        if (const slk_result code = slk_locker_get_status(handle(), &native, sizeof native); code != SLK_OK)
            return failed(code);
        locker_status told;
        told.load = static_cast<load_state>(native.load);
        told.refused = native.refused != 0;
        told.since = wall_time(std::chrono::milliseconds(native.since_ms));
        told.epoch = native.epoch;
        told.latest_change = native.latest_change;
        told.saved_change = native.saved_change;
        told.purchases_in_progress = native.purchases_in_progress;
        told.incoming_changes = native.incoming_changes;
        told.outgoing_changes = native.outgoing_changes;
        told.available = native.available != 0;
        told.wanted = native.wanted != 0;
        told.dirty = native.dirty != 0;
        told.idle = native.idle != 0;
        return told;
    }

    result<change_state> change_status(change_id change) const {
        const slk_result code = slk_locker_change_status(handle(), change);
        if (code == SLK_PENDING || code == SLK_SAVED || code == SLK_LOST || code == SLK_UNKNOWN)
            return static_cast<change_state>(code);
        return failed(code);
    }

    // Exactly one events::change_settled with this tag will follow.
    result<void> await_change(change_id change, std::uint64_t tag) const {
        return checked(slk_locker_await_change(handle(), change, tag));
    }

    // Answers events::handover_requested.
    result<void> answer_handover(handover_answer answer, std::chrono::milliseconds delay = {}) const {
        const auto time = to_u32(delay, "delay");
        if (!time)
            return time.error();
        return checked(slk_locker_answer_handover(handle(), static_cast<std::int32_t>(answer), *time));
    }

    // Takes a purchase notice; events::receipt_settled with its tag tells what to answer the platform.
    result<void> process_receipt(const receipt &notice) const {
        for (const std::string *part : {&notice.provider, &notice.environment, &notice.purchase_id, &notice.product})
            if (part->find('\0') != std::string::npos)
                return hidden_nul("a name in the receipt");
        slk_receipt native = SLK_RECEIPT_INIT;
        native.provider = notice.provider.c_str();
        native.environment = notice.environment.c_str();
        native.purchase_id = notice.purchase_id.c_str();
        native.product = notice.product.c_str();
        native.context = notice.context.data();
        native.context_length = notice.context.size();
        native.tag = notice.tag;
        native.state = static_cast<std::int32_t>(notice.state);
        return checked(slk_locker_process_receipt(handle(), &native));
    }

    // What was paid for and could not be applied; below zero, what was paid back and could not be taken back.
    result<std::int64_t> credit(const text_in &product) const {
        if (product.hides_nul())
            return hidden_nul("product");
        std::int64_t amount = 0;
        const slk_result code = slk_locker_credit(handle(), product.c_str(), &amount);
        return code == SLK_OK ? result<std::int64_t>(amount) : result<std::int64_t>(failed(code));
    }
    result<change_id> give_credit(const text_in &product, std::int64_t amount) const {
        if (product.hides_nul())
            return hidden_nul("product");
        change_id change = 0;
        const slk_result code = slk_locker_give_credit(handle(), product.c_str(), amount, &change);
        return code == SLK_OK ? result<change_id>(change) : result<change_id>(failed(code));
    }
    // Applies a product that there is credit for; events::credit_used with this tag tells the outcome.
    result<void> use_credit(const text_in &product, std::uint64_t tag) const {
        if (product.hides_nul())
            return hidden_nul("product");
        return checked(slk_locker_use_credit(handle(), product.c_str(), tag));
    }

    // Asks the callbacks once more about purchases that are parked because their products were not known.
    result<void> retry_parked() const { return checked(slk_locker_retry_parked(handle())); }

    // What has become of a purchase, however old: granted, credited, pending, rejected, revoked, parked or unknown.
    // result_code::empty: the record has never heard of it.
    result<result_code> find_purchase(const text_in &provider, const text_in &environment, const text_in &id) const {
        if (provider.hides_nul() || environment.hides_nul() || id.hides_nul())
            return hidden_nul("a name of the purchase");
        slk_result state = SLK_OK;
        const slk_result code =
            slk_locker_find_purchase(handle(), provider.c_str(), environment.c_str(), id.c_str(), &state);
        if (code != SLK_OK)
            return failed(code);
        return static_cast<result_code>(state);
    }

    // The latest purchases: those dealt with, the latest last, and then all that are parked.
    result<std::vector<past_purchase>> purchases() const {
        const auto text = take_text([this](char *to, std::size_t size, std::size_t *needed) {
            return slk_locker_get_purchases(handle(), to, size, needed);
        });
        return text ? each_of<past_purchase>(*text, read_purchase) : result<std::vector<past_purchase>>(text.error());
    }

    // Says that the data are, or are no longer, about this person; see spec::export_user and spec::erase_user.
    result<change_id> add_user(const text_in &user_id) const {
        return change_user(user_id, slk_locker_add_user);
    }
    result<change_id> remove_user(const text_in &user_id) const {
        return change_user(user_id, slk_locker_remove_user);
    }
    result<std::vector<std::string>> users() const {
        const auto text = take_text([this](char *to, std::size_t size, std::size_t *needed) {
            return slk_locker_get_users(handle(), to, size, needed);
        });
        const auto read = [](const document &all, const std::string &at) { return all.get<std::string>(at); };
        return text ? each_of<std::string>(*text, read) : result<std::vector<std::string>>(text.error());
    }

    // Queues a change for another record as part of this one's data: both are saved in one write, and the change is
    // delivered exactly once. It comes back to apply_change of this record if the target cannot take it.
    result<change_id> queue_change(spec_ref target, const text_in &key, const text_in &kind,
                                   std::string_view json = "null", if_missing missing = if_missing::fail) const {
        if (key.hides_nul() || kind.hides_nul())
            return hidden_nul("key or kind");
        change_id change = 0;
        const slk_result code = slk_locker_queue_change(handle(), target.handle(), key.c_str(), kind.c_str(), json.data(),
                                                        json.size(), static_cast<std::uint32_t>(missing), &change);
        return code == SLK_OK ? result<change_id>(change) : result<change_id>(failed(code));
    }

private:
    slk_locker handle() const noexcept { return static_cast<const Self &>(*this).handle(); }

    template <class Call>
    result<change_id> change_user(const text_in &user_id, Call call) const {
        if (user_id.hides_nul())
            return hidden_nul("user_id");
        change_id change = 0;
        const slk_result code = call(handle(), user_id.c_str(), &change);
        return code == SLK_OK ? result<change_id>(change) : result<change_id>(failed(code));
    }

    // Reads each element of a JSON array; `read(document, pointer)`.
    template <class Element, class Read>
    static result<std::vector<Element>> each_of(const std::string &json, Read read) {
        const auto all = document::from_json(json);
        const auto count = all ? all->length("") : result<std::size_t>(all.error());
        if (!count)
            return count.error();
        std::vector<Element> elements;
        for (std::size_t index = 0; index < *count; ++index) {
            result<Element> one = read(*all, "/" + std::to_string(index));
            if (!one)
                return one.error();
            elements.push_back(std::move(*one));
        }
        return elements;
    }

    static result<past_purchase> read_purchase(const document &all, const std::string &at) {
        past_purchase one;
        const std::pair<const char *, std::string *> texts[] = {{"/provider", &one.provider},
                                                                {"/environment", &one.environment},
                                                                {"/purchase_id", &one.purchase_id},
                                                                {"/product", &one.product},
                                                                {"/state", &one.state}};
        for (const auto &[name, place] : texts) {
            auto text = all.get<std::string>(at + name);
            if (!text)
                return text.error();
            *place = std::move(*text);
        }
        const auto ms = all.get<std::int64_t>(at + "/at_ms");
        if (!ms)
            return ms.error();
        one.at = wall_time(std::chrono::milliseconds(*ms));
        return one;
    }
};

} // namespace detail

// A locker that somebody else owns.
class locker_ref : public detail::locker_access<locker_ref> {
public:
    locker_ref() noexcept = default;
    explicit locker_ref(slk_locker handle) noexcept : handle_(handle) {}
    slk_locker handle() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_.id != 0; }

private:
    slk_locker handle_{};
};

// The state machine of one record on one engine; made by spec::open_locker. With the last locker of a key, nobody wants
// the record any more, and it is saved and released in its own time.
class locker : public detail::locker_access<locker> {
public:
    locker() noexcept = default;
    // Takes over a handle.
    explicit locker(slk_locker handle) noexcept : own_(handle) {}
    slk_locker handle() const noexcept { return own_.get(); }
    // Gives the handle away.
    slk_locker release() noexcept { return own_.release(); }
    // Ends it now, and tells how that went.
    result<void> destroy() { return own_.end_now(); }
    operator locker_ref() const noexcept { return locker_ref(handle()); }

private:
    detail::owner<slk_locker> own_;
};

} // namespace slk

#endif
