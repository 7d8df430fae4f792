// Specs: kinds of records, with their timings and callbacks.
#ifndef SESSIONLOCKER_SPEC_HPP
#define SESSIONLOCKER_SPEC_HPP

#include "locker.hpp"
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
    // Applies a product to the draft; result_code::not_applicable makes it credit. Called inside update.
    callback<result<void>(const receipt_view &receipt, document_ref draft)> apply_receipt;
};

namespace detail {

struct spec_callbacks {
    callback<result<void>(std::string_view, document_ref)> default_data_for;
    callback<result<void>(const save_view &, document_ref)> before_save;
    callback<result<void>(const receipt_view &, document_ref)> apply_receipt;
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
        if (key.hides_nul())
            return detail::hidden_nul("key");
        slk_locker made{};
        const slk_result code = slk_locker_create(handle(), key.c_str(), user_tag, &made);
        return code == SLK_OK ? result<locker>(locker(made)) : result<locker>(detail::failed(code));
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
        auto callbacks = std::make_unique<detail::spec_callbacks>();
        native.default_data_for = options.default_data_for ? slk_cpp_default_data_for : nullptr;
        native.before_save = options.before_save ? slk_cpp_before_save : nullptr;
        native.apply_receipt = options.apply_receipt ? slk_cpp_apply_receipt : nullptr;
        callbacks->default_data_for = std::move(options.default_data_for);
        callbacks->before_save = std::move(options.before_save);
        callbacks->apply_receipt = std::move(options.apply_receipt);
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
