//! `slk_migrations`: how records of older schema versions are brought to the present one.

use super::callback;
use super::handle::{slk_document, slk_error_sink, slk_locker, slk_migrations};
use super::host::{slk_destroy, UserData};
use super::options::known_flags;
use super::panic;
use super::result::*;
use super::spec_host::{c_text, size_field, HostSpec};
use super::table::{Table, Type};
use super::text;
use crate::engine::host::About;
use crate::locker::call::CallAnswer;
use crate::record::migration::{Migrations, Step};
use crate::record::Document;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// Servers that know the version before can go on working with the migrator's result.
pub const SLK_MIGRATION_COMPATIBLE: u32 = 1;
/// As a migrator's `gives_patch`: the highest patch of the version that it leads to.
pub const SLK_LATEST_PATCH: u32 = u32::MAX;

/// Data that are about to be patched or migrated. Its strings end with a NUL and live until the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_migration_view {
    /// The size of this struct in the library that fills it; it only grows.
    pub struct_size: u32,
    /// The schema version that the data have.
    pub from_version: u32,
    /// The patch number that the data have.
    pub from_patch: u32,
    /// The schema version that they are to get: the same for a patcher.
    pub to_version: u32,
    /// One of your handles of the locker; null for a record that is only looked at or updated.
    pub locker: slk_locker,
    /// As given to `slk_locker_create`.
    pub user_tag: u64,
    /// The record's key.
    pub key: *const c_char,
}

/// Turns the draft, which has the stored data, into data of the next patch or version. Called inside update, before the
/// record is taken.
///
/// Returns: `SLK_OK`: done. Anything else: the record is left as it is and not loaded; `SLK_LOAD_DATA_REFUSED` tells, with
/// the words given to `slk_error_sink_set`.
/// It may be called again for the same record. It must give the same result on every server.
pub type slk_migrate = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        view: *const slk_migration_view,
        draft: slk_document,
        error: slk_error_sink,
    ) -> slk_result,
>;

static MIGRATIONS: Table<Mutex<Collected>> = Table::new(Type::Migrations);

/// What was added so far.
#[derive(Default)]
struct Collected {
    chain: Migrations,
    callbacks: HashMap<StepName, Arc<Callback>>,
}

type StepName = (u32, Option<u32>);

struct Callback {
    migrate: unsafe extern "C" fn(*mut c_void, *const slk_migration_view, slk_document, slk_error_sink) -> slk_result,
    user_data: UserData,
}

/// The chain of a spec, with its callbacks.
#[derive(Clone, Default)]
pub(super) struct HostMigrations {
    pub chain: Arc<Migrations>,
    callbacks: HashMap<StepName, Arc<Callback>>,
}

/// What was collected under a handle; nothing under the null handle.
pub(super) fn get(handle: slk_migrations) -> Result<HostMigrations, Failure> {
    if handle == slk_migrations::default() {
        return Ok(HostMigrations::default());
    }
    let collected = MIGRATIONS.get(handle.id)?;
    let collected = collected.lock();
    Ok(HostMigrations {
        chain: Arc::new(collected.chain.clone()),
        callbacks: collected.callbacks.clone(),
    })
}

fn name_of(step: Step) -> StepName {
    match step {
        Step::Patch { schema, patch } => (schema, Some(patch)),
        Step::Migrate { from, .. } => (from, None),
    }
}

impl HostSpec {
    pub(super) fn migrate(&self, about: &About, step: Step, draft: Document) -> CallAnswer {
        let Some(callback) = self.migrations.callbacks.get(&name_of(step)).cloned() else {
            return self.without_callback("a migrator");
        };
        let key = c_text(&about.key);
        let (from_version, from_patch, to_version) = match step {
            Step::Patch { schema, patch } => (schema, patch, schema),
            Step::Migrate { from, patch } => (from, patch, from + 1),
        };
        let view = slk_migration_view {
            struct_size: size_field::<slk_migration_view>(),
            from_version,
            from_patch,
            to_version,
            locker: self.locker(about),
            user_tag: about.tag,
            key: key.as_ptr(),
        };
        let name = "the migrator";
        let pointer = callback.user_data.pointer();
        self.with_draft(name, draft, |_, draft, error| {
            // SAFETY: the host gave this function for this purpose and with this user data, which are alive; the view
            // and what it points to live until the call returns.
            unsafe { (callback.migrate)(pointer, &raw const view, draft, error) }
        })
    }
}

/// Makes an empty set of migrations, to be filled and given to `slk_spec_create`.
///
/// Parameters: `migrations`: receives the handle, to be ended by `slk_migrations_destroy`; null on failure.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_migrations_create(migrations: *mut slk_migrations) -> slk_result {
    panic::enter("slk_migrations_create", || {
        text::required(migrations, "migrations")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(migrations, slk_migrations::default()) };
        let id = MIGRATIONS.insert(Arc::default())?;
        // SAFETY: as above.
        unsafe { text::put(migrations, slk_migrations { id }) };
        Ok(SLK_OK)
    })
}

/// Adds the migrator from one schema version to the next.
///
/// Parameters:
///   `migrations`: the set.
///   `from_version`: the version that it begins with; it gives the next one.
///   `gives_patch`: the patch number of its result, or `SLK_LATEST_PATCH`; patchers from there on run after it.
///   `flags`: `SLK_MIGRATION_COMPATIBLE` or 0.
///   `migrate`: the callback.
///   `user_data`: given to it.
///   `destroy`: called exactly once with `user_data`, when the set and all specs made with it are gone; may be NULL.
/// Returns:
///   `SLK_OK`: added.
///   `SLK_E_EXISTS`: there is one from this version.
///   `SLK_E_INVALID_ARGUMENT`: `migrate` is NULL, or a flag means nothing.
///   `SLK_E_INVALID_HANDLE`: no living set.
/// On failure `user_data` stays yours and `destroy` is not called.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_migrations_add_migrator(
    migrations: slk_migrations,
    from_version: u32,
    gives_patch: u32,
    flags: u32,
    migrate: slk_migrate,
    user_data: *mut c_void,
    destroy: slk_destroy,
) -> slk_result {
    panic::enter("slk_migrations_add_migrator", || {
        known_flags(flags, SLK_MIGRATION_COMPATIBLE)?;
        let compatible = flags & SLK_MIGRATION_COMPATIBLE != 0;
        let gives = (gives_patch != SLK_LATEST_PATCH).then_some(gives_patch);
        add(
            migrations,
            Step::Migrate {
                from: from_version,
                patch: 0,
            },
            (migrate, user_data, destroy),
            |chain| Ok(chain.add_migrator(from_version, compatible, gives)?),
        )
    })
}

/// Adds a patcher: it mends data of one version and takes them from one patch number to the next.
///
/// Parameters:
///   `migrations`: the set.
///   `version`: the schema version.
///   `from_patch`: the patch number that it begins with; new records of a version without patchers have 0.
///   `patch`: the callback.
///   `user_data`: given to it.
///   `destroy`: called exactly once with `user_data`, when the set and all specs made with it are gone; may be NULL.
/// Returns:
///   `SLK_OK`: added.
///   `SLK_E_EXISTS`: there is one from this patch number of this version.
///   `SLK_E_INVALID_ARGUMENT`: `patch` is NULL.
///   `SLK_E_INVALID_HANDLE`: no living set.
/// On failure `user_data` stays yours and `destroy` is not called.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_migrations_add_patcher(
    migrations: slk_migrations,
    version: u32,
    from_patch: u32,
    patch: slk_migrate,
    user_data: *mut c_void,
    destroy: slk_destroy,
) -> slk_result {
    panic::enter("slk_migrations_add_patcher", || {
        let step = Step::Patch {
            schema: version,
            patch: from_patch,
        };
        add(migrations, step, (patch, user_data, destroy), |chain| {
            Ok(chain.add_patcher(version, from_patch)?)
        })
    })
}

fn add(
    handle: slk_migrations,
    step: Step,
    (migrate, user_data, destroy): (slk_migrate, *mut c_void, slk_destroy),
    add: impl FnOnce(&mut Migrations) -> Result<(), Failure>,
) -> Result<slk_result, Failure> {
    let Some(migrate) = migrate else {
        return Err(Failure::argument("the callback is NULL"));
    };
    let collected = MIGRATIONS.get(handle.id)?;
    let mut collected = collected.lock();
    add(&mut collected.chain)?;
    let user_data = UserData::new(user_data);
    user_data.take_over(destroy);
    let callback = Callback { migrate, user_data };
    collected.callbacks.insert(name_of(step), Arc::new(callback));
    Ok(SLK_OK)
}

/// Checks that the set leads to a schema version without a gap and not beyond it, as `slk_spec_create` does.
///
/// Parameters:
///   `migrations`: the set.
///   `schema_version`: the version that the server knows.
/// Returns:
///   `SLK_OK`: it does.
///   `SLK_E_INVALID_ARGUMENT`: it does not; the text names the version that is missing or too many.
///   `SLK_E_INVALID_HANDLE`: no living set.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_migrations_check(migrations: slk_migrations, schema_version: u32) -> slk_result {
    panic::enter("slk_migrations_check", || {
        let collected = MIGRATIONS.get(migrations.id)?;
        collected.lock().chain.check(schema_version)?;
        Ok(SLK_OK)
    })
}

/// Ends a set of migrations. Specs that were made with it keep what they need.
///
/// Parameters: `migrations`: a set, or the null handle, which does nothing.
/// Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_REENTRANT` inside a callback.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_migrations_destroy(migrations: slk_migrations) -> slk_result {
    panic::enter("slk_migrations_destroy", || {
        callback::refuse_inside()?;
        if migrations != slk_migrations::default() {
            MIGRATIONS.remove(migrations.id)?;
        }
        Ok(SLK_OK)
    })
}
