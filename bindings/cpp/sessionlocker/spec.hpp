// Specs: kinds of records, with their timings and callbacks.
#ifndef SESSIONLOCKER_SPEC_HPP
#define SESSIONLOCKER_SPEC_HPP

#include "locker.hpp"
#include "migrations.hpp"
#include "store.hpp"

namespace slk {

// A save that is about to be made. Its views live until the callback returns.
class save_view {
public:
    explicit save_view(const slk_save_view &native) noexcept : native_(&native) {}
    save_reason reason() const noexcept { return static_cast<save_reason>(native_->reason); }
    locker_ref locker() const noexcept { return locker_ref(native_->locker); }
    std::uint64_t user_tag() const noexcept { return native_->user_tag; }
    std::string_view key() const noexcept { return detail::view(native_->key); }

private:
    const slk_save_view *native_;
};

// What is to be applied. Its views live until the callback returns.
class receipt_view {
public:
    explicit receipt_view(const slk_receipt_view &native) noexcept : native_(&native) {}
    apply_kind kind() const noexcept { return static_cast<apply_kind>(native_->kind); }
    // Which of the callbacks is asked; one callable may serve for several.
    purchase_step step() const noexcept { return static_cast<purchase_step>(native_->operation); }
    // For purchase_step::record: granted or credited.
    result_code effect() const noexcept { return static_cast<result_code>(native_->effect); }
    locker_ref locker() const noexcept { return locker_ref(native_->locker); }
    std::uint64_t user_tag() const noexcept { return native_->user_tag; }
    std::string_view key() const noexcept { return detail::view(native_->key); }
    std::string_view product() const noexcept { return detail::view(native_->product); }
    // These are empty where credit is used.
    std::string_view provider() const noexcept { return detail::view(native_->provider); }
    std::string_view environment() const noexcept { return detail::view(native_->environment); }
    std::string_view purchase_id() const noexcept { return detail::view(native_->purchase_id); }
    bytes_view context() const noexcept { return {native_->context, native_->context_length}; }
    std::uint64_t tag() const noexcept { return native_->tag; }

private:
    const slk_receipt_view *native_;
};

// Whose data a callback gets. Its views live until the callback returns.
class data_view {
public:
    explicit data_view(const slk_data_view &native) noexcept : native_(&native) {}
    // Null for a record that is only looked at or updated.
    locker_ref locker() const noexcept { return locker_ref(native_->locker); }
    std::uint64_t user_tag() const noexcept { return native_->user_tag; }
    std::string_view key() const noexcept { return detail::view(native_->key); }

private:
    const slk_data_view *native_;
};

// A change that is to be applied. Its views live until the callback returns.
class change_view {
public:
    explicit change_view(const slk_change_view &native) noexcept : native_(&native) {}
    // It is an update of a record that nobody holds: spec::update_record.
    bool is_update() const noexcept { return (native_->flags & SLK_CHANGE_UPDATE) != 0; }
    // This record sent it, and its target could not take it.
    bool is_returned() const noexcept { return (native_->flags & SLK_CHANGE_RETURNED) != 0; }
    // Null for an update.
    locker_ref locker() const noexcept { return locker_ref(native_->locker); }
    std::uint64_t user_tag() const noexcept { return native_->user_tag; }
    std::string_view key() const noexcept { return detail::view(native_->key); }
    // As its sender called it.
    std::string_view kind() const noexcept { return detail::view(native_->kind); }
    // What was sent with it: JSON text, or read from it as a document's value.
    std::string_view json() const noexcept { return detail::view(native_->payload, native_->payload_length); }
    template <class T>
    result<T> get(const text_in &pointer) const {
        const auto payload = document::from_json(json());
        return payload ? payload->get<T>(pointer) : result<T>(payload.error());
    }
    // `spec/key` of a record, or the id of a server.
    std::string_view from() const noexcept { return detail::view(native_->from); }
    // For one that has come back: its target, as `spec/key`.
    std::string_view returned_from() const noexcept { return detail::view(native_->returned_from); }
    // By the sender's clock.
    wall_time sent() const noexcept { return wall_time(std::chrono::milliseconds(native_->sent_ms)); }

private:
    const slk_change_view *native_;
};

// Takes the bytes that a codec gives; valid until the callback returns.
class buffer_ref {
public:
    explicit buffer_ref(slk_buffer handle) noexcept : handle_(handle) {}
    slk_buffer handle() const noexcept { return handle_; }
    result<void> append(bytes_view bytes) const {
        return detail::checked(slk_buffer_append(handle_, bytes.data, bytes.size));
    }

private:
    slk_buffer handle_{};
};

// How a kind of record is set up. Times of zero stand for the library's defaults; see slk_spec_options.
struct spec_options {
    std::string name;
    std::uint32_t schema_version = 1;
    slk::data_kind data_kind = slk::data_kind::json;
    // The data of a record that does not exist yet: JSON text, or bytes. Empty: an empty object, or no bytes.
    std::string default_data;
    slk::handover_mode handover_mode = slk::handover_mode::give;
    std::chrono::milliseconds handover_delay{};
    std::chrono::milliseconds autosave{};
    std::chrono::milliseconds retry_min{};
    std::chrono::milliseconds retry_max{};
    // Fills in the default data for a key, beginning with default_data. Called inside open_locker.
    callback<result<void>(std::string_view key, document_ref draft)> default_data_for;
    // Writes the game's own state into the draft before each save. Called inside update.
    callback<result<void>(const save_view &save, document_ref draft)> before_save;
    // Applies a product to the draft; result_code::not_applicable makes it credit, rejected turns it down, and
    // unknown_product keeps it until a version of the game knows the product. Called inside update, as all that follow.
    callback<result<void>(const receipt_view &receipt, document_ref draft)> apply_receipt;
    // Says whether a purchase is good, before it is applied.
    callback<result<void>(const receipt_view &receipt, document_ref draft)> validate_receipt;
    // Writes down how a purchase ended, for the game's own history.
    callback<result<void>(const receipt_view &receipt, document_ref draft)> record_receipt;
    // Takes a product back that was paid back; not_applicable, or no callback: it becomes a debt.
    callback<result<void>(const receipt_view &receipt, document_ref draft)> revoke_receipt;
    // How many purchases a record keeps in full.
    std::uint32_t purchase_history = 0;

    // How records of older schema versions are brought to schema_version.
    slk::migrations migrations;
    // Checks data when they are loaded and before they are saved. Edits do not count.
    callback<result<void>(const data_view &about, document_ref data)> validate;
    // Merges what was edited before the data were loaded into them. Without it data cannot be edited before.
    callback<result<void>(const data_view &about, document_ref offline, document_ref draft)> merge_offline;
    // Applies a change that somebody sent; not_applicable: it waits for a server that knows the kind.
    callback<result<void>(const change_view &change, document_ref draft)> apply_change;
    // How many changes may wait for a record.
    std::uint32_t inbox_limit = 0;

    // Members that the default data have and a loaded record lacks are filled in.
    bool reconcile = false;
    // Records in the layout of the Luau library of the same name are taken over.
    bool import_original = false;
    // Any other JSON value is taken over as the game's data, of this schema version; 0: of schema_version.
    bool import_plain = false;
    std::uint32_t import_schema_version = 0;

    // The largest record that may be saved, and the share of it at which events::size_warning tells.
    std::uint64_t max_value_bytes = 0;
    std::uint32_t size_warning_percent = 0;

    // How records are encoded on their way to the store. The level is for zstd; the name, which is stored with each
    // record, and the callables are for codec_kind::callbacks.
    codec_kind codec = codec_kind::none;
    std::int32_t codec_level = 0;
    std::string codec_name;
    callback<result<void>(bytes_view record, buffer_ref stored)> codec_encode;
    callback<result<void>(bytes_view stored, buffer_ref record)> codec_decode;
};

namespace detail {

struct spec_callbacks {
    callback<result<void>(std::string_view, document_ref)> default_data_for;
    callback<result<void>(const save_view &, document_ref)> before_save;
    callback<result<void>(const receipt_view &, document_ref)> apply_receipt;
    callback<result<void>(const receipt_view &, document_ref)> validate_receipt;
    callback<result<void>(const receipt_view &, document_ref)> record_receipt;
    callback<result<void>(const receipt_view &, document_ref)> revoke_receipt;
    callback<result<void>(const data_view &, document_ref)> validate;
    callback<result<void>(const data_view &, document_ref, document_ref)> merge_offline;
    callback<result<void>(const change_view &, document_ref)> apply_change;
    callback<result<void>(bytes_view, buffer_ref)> codec_encode;
    callback<result<void>(bytes_view, buffer_ref)> codec_decode;
};

} // namespace detail

extern "C" {

inline slk_result slk_cpp_default_data_for(void *user_data, const char *key, slk_document draft,
                                           slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error,
                          [&] { return callbacks.default_data_for(detail::view(key), document_ref(draft)); });
}

inline slk_result slk_cpp_before_save(void *user_data, const slk_save_view *save, slk_document draft,
                                      slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.before_save(save_view(*save), document_ref(draft)); });
}

inline slk_result slk_cpp_apply_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                                        slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.apply_receipt(receipt_view(*receipt), document_ref(draft)); });
}

inline slk_result slk_cpp_validate_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                                           slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.validate_receipt(receipt_view(*receipt), document_ref(draft)); });
}

inline slk_result slk_cpp_record_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                                         slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.record_receipt(receipt_view(*receipt), document_ref(draft)); });
}

inline slk_result slk_cpp_revoke_receipt(void *user_data, const slk_receipt_view *receipt, slk_document draft,
                                         slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.revoke_receipt(receipt_view(*receipt), document_ref(draft)); });
}

inline slk_result slk_cpp_validate(void *user_data, const slk_data_view *about, slk_document data,
                                   slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.validate(data_view(*about), document_ref(data)); });
}

inline slk_result slk_cpp_merge_offline(void *user_data, const slk_data_view *about, slk_document offline,
                                        slk_document draft, slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(
        error, [&] { return callbacks.merge_offline(data_view(*about), document_ref(offline), document_ref(draft)); });
}

inline slk_result slk_cpp_apply_change(void *user_data, const slk_change_view *change, slk_document draft,
                                       slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.apply_change(change_view(*change), document_ref(draft)); });
}

inline slk_result slk_cpp_codec_encode(void *user_data, const void *bytes, std::size_t length, slk_buffer out,
                                       slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.codec_encode(bytes_view(bytes, length), buffer_ref(out)); });
}

inline slk_result slk_cpp_codec_decode(void *user_data, const void *bytes, std::size_t length, slk_buffer out,
                                       slk_error_sink error) noexcept {
    const auto &callbacks = *static_cast<detail::spec_callbacks *>(user_data);
    return detail::answer(error, [&] { return callbacks.codec_decode(bytes_view(bytes, length), buffer_ref(out)); });
}

inline void slk_cpp_destroy_spec(void *user_data) noexcept { detail::dispose<detail::spec_callbacks>(user_data); }

} // extern "C"

// A kind of record; made by engine::create_spec, and ended with its engine at the latest.
class spec {
public:
    spec() noexcept = default;
    // Takes over a handle.
    explicit spec(slk_spec handle) noexcept : own_(handle) {}
    slk_spec handle() const noexcept { return own_.get(); }
    // Gives the handle away.
    slk_spec release() noexcept { return own_.release(); }
    // Ends it now, and tells how that went.
    result<void> destroy() { return own_.end_now(); }

    // A locker for a key; `user_tag` comes back in its events. At rest until it is marked as wanted.
    result<locker> open_locker(const text_in &key, std::uint64_t user_tag = 0) const {
        return open_by(slk_locker_create, key, user_tag);
    }

    // The same for a player who is not real, such as a bot: nothing of it ever leaves the memory of this process.
    result<locker> open_artificial(const text_in &key, std::uint64_t user_tag = 0) const {
        return open_by(slk_locker_create_artificial, key, user_tag);
    }

    operator spec_ref() const noexcept { return spec_ref(handle()); }

    /* Records that are not held, or need not be. An event with the tag has the answer. */

    // Sends a change to a record, whoever holds it: exactly once, into its inbox. events::change_sent.
    result<void> send_change(const text_in &key, const text_in &kind, std::string_view json = "null", std::uint64_t tag = 0,
                             if_missing missing = if_missing::fail) const {
        if (key.hides_nul() || kind.hides_nul())
            return detail::hidden_nul("key or kind");
        return detail::checked(slk_spec_send_change(handle(), key.c_str(), kind.c_str(), json.data(), json.size(),
                                                    static_cast<std::uint32_t>(missing), tag));
    }

    // Applies a change, by apply_change, to a record that nobody holds. events::record_updated.
    result<void> update_record(const text_in &key, const text_in &kind, std::string_view json = "null",
                               std::uint64_t tag = 0) const {
        if (key.hides_nul() || kind.hides_nul())
            return detail::hidden_nul("key or kind");
        return detail::checked(
            slk_spec_update_record(handle(), key.c_str(), kind.c_str(), json.data(), json.size(), tag));
    }

    // Looks at a record without taking it. events::record_viewed.
    result<void> view_record(const text_in &key, std::uint64_t tag = 0) const {
        if (key.hides_nul())
            return detail::hidden_nul("key");
        return detail::checked(slk_spec_view_record(handle(), key.c_str(), tag));
    }

    // Erases a record, except for what keeps late writes out. events::record_erased.
    result<void> erase_record(const text_in &key, std::uint64_t tag = 0, if_held held = if_held::leave) const {
        if (key.hides_nul())
            return detail::hidden_nul("key");
        return detail::checked(slk_spec_erase_record(handle(), key.c_str(), static_cast<std::uint32_t>(held), tag));
    }

    // Exports all records that are about a person: events::record_exported for each, and then events::user_done.
    result<void> export_user(const text_in &user_id, std::uint64_t tag = 0) const {
        if (user_id.hides_nul())
            return detail::hidden_nul("user_id");
        return detail::checked(slk_spec_export_user(handle(), user_id.c_str(), tag));
    }

    // Erases all records that are about a person: events::record_erased for each, and then events::user_done.
    result<void> erase_user(const text_in &user_id, std::uint64_t tag = 0, if_held held = if_held::leave) const {
        if (user_id.hides_nul())
            return detail::hidden_nul("user_id");
        return detail::checked(slk_spec_erase_user(handle(), user_id.c_str(), static_cast<std::uint32_t>(held), tag));
    }

    // engine::create_spec.
    static result<spec> create(slk_engine engine, const store &records, spec_options options) {
        slk_spec_options native = SLK_SPEC_OPTIONS_INIT;
        if (options.name.find('\0') != std::string::npos)
            return detail::hidden_nul("name");
        native.name = options.name.c_str();
        native.store = records.handle();
        native.schema_version = options.schema_version;
        native.data_kind = static_cast<std::int32_t>(options.data_kind);
        native.handover_mode = static_cast<std::int32_t>(options.handover_mode);
        if (const auto set = put_times(options, native); !set)
            return set.error();
        if (!options.default_data.empty()) {
            native.default_data = options.default_data.data();
            native.default_data_length = options.default_data.size();
        }
        if (options.codec_name.find('\0') != std::string::npos)
            return detail::hidden_nul("codec_name");
        put_settings(options, native);
        auto callbacks = take_callbacks(options, native);
        native.user_data = callbacks.get();
        native.destroy = slk_cpp_destroy_spec;
        slk_spec made{};
        const slk_result code = slk_spec_create(engine, &native, &made);
        if (code != SLK_OK)
            return detail::failed(code);
        // The library owns them now, and ends them through slk_cpp_destroy_spec.
        static_cast<void>(callbacks.release());
        return spec(made);
    }

private:
    template <class Create>
    result<locker> open_by(Create make, const text_in &key, std::uint64_t user_tag) const {
        if (key.hides_nul())
            return detail::hidden_nul("key");
        slk_locker made{};
        const slk_result code = make(handle(), key.c_str(), user_tag, &made);
        return code == SLK_OK ? result<locker>(locker(made)) : result<locker>(detail::failed(code));
    }

    // What points into the options lives as long as they do; the library copies it.
    static void put_settings(const spec_options &options, slk_spec_options &native) {
        native.migrations = options.migrations.handle();
        native.flags = (options.reconcile ? std::uint32_t{SLK_SPEC_RECONCILE} : 0) |
                       (options.import_original ? std::uint32_t{SLK_SPEC_IMPORT_ORIGINAL} : 0) |
                       (options.import_plain ? std::uint32_t{SLK_SPEC_IMPORT_PLAIN} : 0);
        native.import_schema_version = options.import_schema_version;
        native.inbox_limit = options.inbox_limit;
        native.max_value_bytes = options.max_value_bytes;
        native.size_warning_percent = options.size_warning_percent;
        native.purchase_history = options.purchase_history;
        native.codec = static_cast<std::int32_t>(options.codec);
        native.codec_level = options.codec_level;
        native.codec_name = options.codec_name.empty() ? nullptr : options.codec_name.c_str();
    }

    // Moves a callback to where the library will find it, and gives the trampoline that calls it there.
    template <class Callback, class Trampoline>
    static Trampoline take(Callback &from, Callback &to, Trampoline trampoline) {
        to = std::move(from);
        return to ? trampoline : nullptr;
    }

    static std::unique_ptr<detail::spec_callbacks> take_callbacks(spec_options &from, slk_spec_options &native) {
        auto to = std::make_unique<detail::spec_callbacks>();
        native.default_data_for = take(from.default_data_for, to->default_data_for, slk_cpp_default_data_for);
        native.before_save = take(from.before_save, to->before_save, slk_cpp_before_save);
        native.apply_receipt = take(from.apply_receipt, to->apply_receipt, slk_cpp_apply_receipt);
        native.validate_receipt = take(from.validate_receipt, to->validate_receipt, slk_cpp_validate_receipt);
        native.record_receipt = take(from.record_receipt, to->record_receipt, slk_cpp_record_receipt);
        native.revoke_receipt = take(from.revoke_receipt, to->revoke_receipt, slk_cpp_revoke_receipt);
        native.validate = take(from.validate, to->validate, slk_cpp_validate);
        native.merge_offline = take(from.merge_offline, to->merge_offline, slk_cpp_merge_offline);
        native.apply_change = take(from.apply_change, to->apply_change, slk_cpp_apply_change);
        native.codec_encode = take(from.codec_encode, to->codec_encode, slk_cpp_codec_encode);
        native.codec_decode = take(from.codec_decode, to->codec_decode, slk_cpp_codec_decode);
        return to;
    }

    static result<void> put_times(const spec_options &options, slk_spec_options &native) {
        const auto handover_delay = detail::to_u32(options.handover_delay, "handover_delay");
        const auto autosave = detail::to_u32(options.autosave, "autosave");
        const auto retry_min = detail::to_u32(options.retry_min, "retry_min");
        const auto retry_max = detail::to_u32(options.retry_max, "retry_max");
        for (const auto *time : {&handover_delay, &autosave, &retry_min, &retry_max})
            if (!*time)
                return time->error();
        native.handover_delay_ms = *handover_delay;
        native.autosave_ms = *autosave;
        native.retry_min_ms = *retry_min;
        native.retry_max_ms = *retry_max;
        return {};
    }

    detail::owner<slk_spec> own_;
};

} // namespace slk

#endif
