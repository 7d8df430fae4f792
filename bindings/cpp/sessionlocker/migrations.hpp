// Migrations: how records of older schema versions become records of this one.
#ifndef SESSIONLOCKER_MIGRATIONS_HPP
#define SESSIONLOCKER_MIGRATIONS_HPP

#include "locker.hpp"

namespace slk {

// Data that are about to be patched or migrated. Its views live until the callback returns.
class migration_view {
public:
    explicit migration_view(const slk_migration_view &native) noexcept : native_(&native) {}
    std::uint32_t from_version() const noexcept { return native_->from_version; }
    std::uint32_t from_patch() const noexcept { return native_->from_patch; }
    // The same as from_version for a patcher.
    std::uint32_t to_version() const noexcept { return native_->to_version; }
    // Null for a record that is only looked at or updated.
    locker_ref locker() const noexcept { return locker_ref(native_->locker); }
    std::uint64_t user_tag() const noexcept { return native_->user_tag; }
    std::string_view key() const noexcept { return detail::view(native_->key); }

private:
    const slk_migration_view *native_;
};

// Turns the draft, which has the stored data, into data of the next version or patch. It may be called again for the same
// record, and must give the same on every server. If it fails, the record is left as it is and not loaded.
using migrate_step = callback<result<void>(const migration_view &asked, document_ref draft)>;

// As the patch number of a migrator's result: the highest of the version that it leads to.
inline constexpr std::uint32_t latest_patch = SLK_LATEST_PATCH;

extern "C" {

inline slk_result slk_cpp_migrate(void *user_data, const slk_migration_view *view, slk_document draft,
                                  slk_error_sink error) noexcept {
    const auto &step = *static_cast<migrate_step *>(user_data);
    return detail::answer(error, [&] { return step(migration_view(*view), document_ref(draft)); });
}

inline void slk_cpp_destroy_migrate(void *user_data) noexcept { detail::dispose<migrate_step>(user_data); }

} // extern "C"

// A set of migrators and patchers, to be filled and moved into spec_options::migrations:
//
//     options.schema_version = 2;
//     options.migrations = *slk::migrations::create();
//     options.migrations.add_migrator(1, [](const slk::migration_view &, slk::document_ref draft) {
//         return draft.set_json("/mail", "[]");
//     }).ignore();
//
// spec::create refuses a set with a gap.
class migrations {
public:
    // No set: records of other versions are not loaded.
    migrations() noexcept = default;
    // Takes over a handle.
    explicit migrations(slk_migrations handle) noexcept : own_(handle) {}
    slk_migrations handle() const noexcept { return own_.get(); }
    // Gives the handle away.
    slk_migrations release() noexcept { return own_.release(); }
    // Ends it now, and tells how that went.
    result<void> destroy() { return own_.end_now(); }

    static result<migrations> create() {
        if (const auto fits = detail::check_abi(); !fits)
            return fits.error();
        slk_migrations made{};
        const slk_result code = slk_migrations_create(&made);
        return code == SLK_OK ? result<migrations>(migrations(made)) : result<migrations>(detail::failed(code));
    }

    // From this version to the next. A compatible one leaves data that servers of the version before can go on with.
    result<void> add_migrator(std::uint32_t from_version, migrate_step migrate,
                              migration_kind kind = migration_kind::breaking,
                              std::uint32_t gives_patch = latest_patch) const {
        return add(std::move(migrate), [&](slk_migrate call, void *user_data) {
            return slk_migrations_add_migrator(handle(), from_version, gives_patch, static_cast<std::uint32_t>(kind), call,
                                               user_data, slk_cpp_destroy_migrate);
        });
    }

    // Mends data of one version, and takes them from this patch number to the next.
    result<void> add_patcher(std::uint32_t version, std::uint32_t from_patch, migrate_step patch) const {
        return add(std::move(patch), [&](slk_migrate call, void *user_data) {
            return slk_migrations_add_patcher(handle(), version, from_patch, call, user_data, slk_cpp_destroy_migrate);
        });
    }

    // Whether the set leads to this version without a gap and not beyond it.
    result<void> check(std::uint32_t schema_version) const {
        return detail::checked(slk_migrations_check(handle(), schema_version));
    }

private:
    template <class Add>
    static result<void> add(migrate_step step, Add call) {
        const slk_migrate trampoline = step ? slk_cpp_migrate : nullptr;
        auto keeper = std::make_unique<migrate_step>(std::move(step));
        const auto added = detail::checked(call(trampoline, keeper.get()));
        // The library owns it now, and ends it through slk_cpp_destroy_migrate.
        if (added)
            static_cast<void>(keeper.release());
        return added;
    }

    detail::owner<slk_migrations> own_;
};

} // namespace slk

#endif
