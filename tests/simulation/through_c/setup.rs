//! Making an engine with its store and its spec.

use super::calls::error_of;
use super::data::c_text;
use super::shared::Shared;
use super::{callbacks, is_ok, requests, CServer};
use crate::clock::MS;
use crate::profile::Place;
use crate::world::{World, SPACE};
use sessionlocker::error::Error;
use sessionlocker::ffi::engine::{
    slk_engine_create, slk_engine_options, slk_engine_options_init, SLK_ENGINE_PREDECESSOR_GONE,
};
use sessionlocker::ffi::handle::{slk_engine, slk_migrations, slk_spec, slk_store};
use sessionlocker::ffi::migration::{
    slk_migrations_add_migrator, slk_migrations_create, slk_migrations_destroy, SLK_LATEST_PATCH,
    SLK_MIGRATION_COMPATIBLE,
};
use sessionlocker::ffi::result::slk_result;
use sessionlocker::ffi::spec::{
    slk_spec_create, slk_spec_options, slk_spec_options_init, SLK_HANDOVER_GIVE, SLK_HANDOVER_REFUSE,
};
use sessionlocker::ffi::store_callback::{
    slk_store_callbacks, slk_store_callbacks_init, slk_store_create, SLK_STORE_ASYNCHRONOUS,
};
use sessionlocker::ffi::version::SLK_ABI_VERSION;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::rc::Rc;

const MOST_VALUE_BYTES: u64 = 1 << 20;

impl CServer {
    /// A server at a place of the world.
    pub fn new(world: &World, number: usize, place: usize, vouched: bool) -> Result<Self, Error> {
        let settings = &world.profile.places[place];
        let shared = Shared::new(number, settings.schema);
        let engine = make_engine(
            &shared,
            settings,
            &world.server_ids[place],
            world.seed_of(number),
            vouched,
        )?;
        let store = make_store(&shared)?;
        let mut server = Self {
            engine,
            store,
            spec: slk_spec::default(),
            shared,
            lockers: BTreeMap::new(),
            next_locker: 1,
            finished: false,
        };
        server.spec = make_spec(&server, world, settings)?;
        server.shared.spec.set(server.spec);
        Ok(server)
    }
}

/// An error unless a call went well.
fn check(result: slk_result) -> Result<(), Error> {
    if is_ok(result) {
        Ok(())
    } else {
        Err(error_of(result))
    }
}

fn millis(nanos: u64) -> u32 {
    u32::try_from(nanos / MS).expect("the times of a run are short")
}

fn make_engine(
    shared: &Rc<Shared>,
    settings: &Place,
    server_id: &str,
    seed: u64,
    vouched: bool,
) -> Result<slk_engine, Error> {
    let mut options = MaybeUninit::<slk_engine_options>::uninit();
    // SAFETY: the function fills the whole struct, whose size it is told.
    let mut options = unsafe {
        check(slk_engine_options_init(
            options.as_mut_ptr(),
            size_of::<slk_engine_options>(),
            SLK_ABI_VERSION,
        ))?;
        options.assume_init()
    };
    let server_id = c_text(server_id);
    options.server_id = server_id.as_ptr();
    options.lease_ms = millis(settings.lease);
    options.beat_interval_ms = millis(settings.beat);
    options.request_timeout_ms = millis(settings.request_timeout);
    options.max_requests_in_flight = u32::try_from(settings.max_in_flight).expect("it is small");
    options.flags = if vouched { SLK_ENGINE_PREDECESSOR_GONE } else { 0 };
    options.clock = Some(callbacks::clock);
    options.wall_clock = Some(callbacks::wall_clock);
    options.user_data = shared.user_data();
    options.destroy = Some(callbacks::engine_ended);
    options.seed = seed;
    let mut engine = slk_engine::default();
    // SAFETY: the options are filled, their string is alive, the handle is writable.
    check(unsafe { slk_engine_create(&raw const options, &raw mut engine) })?;
    Ok(engine)
}

fn make_store(shared: &Rc<Shared>) -> Result<slk_store, Error> {
    let mut given = MaybeUninit::<slk_store_callbacks>::uninit();
    // SAFETY: the function fills the whole struct, whose size it is told.
    let mut given = unsafe {
        check(slk_store_callbacks_init(
            given.as_mut_ptr(),
            size_of::<slk_store_callbacks>(),
        ))?;
        given.assume_init()
    };
    let name = c_text("the simulated store");
    given.mode = SLK_STORE_ASYNCHRONOUS;
    given.name = name.as_ptr();
    given.user_data = shared.user_data();
    given.get = Some(requests::get);
    given.put = Some(requests::put);
    given.remove = Some(requests::remove);
    given.cancel = Some(requests::cancel);
    given.destroy = Some(callbacks::store_ended);
    given.max_value_bytes = MOST_VALUE_BYTES;
    given.max_key_bytes = 255;
    let mut store = slk_store::default();
    // SAFETY: the struct is filled, its string is alive, the handle is writable.
    check(unsafe { slk_store_create(&raw const given, &raw mut store) })?;
    Ok(store)
}

fn make_spec(server: &CServer, world: &World, settings: &Place) -> Result<slk_spec, Error> {
    let mut options = MaybeUninit::<slk_spec_options>::uninit();
    // SAFETY: the function fills the whole struct, whose size it is told.
    let mut options = unsafe {
        check(slk_spec_options_init(
            options.as_mut_ptr(),
            size_of::<slk_spec_options>(),
        ))?;
        options.assume_init()
    };
    let name = c_text(SPACE);
    options.name = name.as_ptr();
    options.store = server.store;
    options.schema_version = settings.schema;
    options.handover_mode = if settings.refuses {
        SLK_HANDOVER_REFUSE
    } else {
        SLK_HANDOVER_GIVE
    };
    options.handover_delay_ms = if settings.asks { millis(settings.lease) } else { 0 };
    options.autosave_ms = millis(settings.autosave);
    options.retry_min_ms = millis(settings.retry_min);
    options.retry_max_ms = millis(settings.retry_max);
    options.inbox_limit = u32::try_from(world.profile.inbox_limit).expect("it is small");
    options.max_value_bytes = MOST_VALUE_BYTES;
    options.default_data_for = Some(callbacks::default_data_for);
    options.before_save = settings.before_save.then_some(callbacks::before_save);
    options.apply_receipt = Some(callbacks::apply_receipt);
    options.revoke_receipt = Some(callbacks::apply_receipt);
    options.apply_change = Some(callbacks::apply_change);
    options.user_data = server.shared.user_data();
    options.destroy = Some(callbacks::spec_ended);
    options.migrations = make_migrations(&server.shared, world, settings.schema)?;
    let mut spec = slk_spec::default();
    // SAFETY: the options are filled, their string is alive, the handle is writable.
    let made = unsafe { slk_spec_create(server.engine, &raw const options, &raw mut spec) };
    // The spec keeps what it needs of them.
    check(slk_migrations_destroy(options.migrations))?;
    check(made)?;
    Ok(spec)
}

/// How this run's servers bring records to the version that they know.
fn make_migrations(shared: &Rc<Shared>, world: &World, schema: u32) -> Result<slk_migrations, Error> {
    let mut migrations = slk_migrations::default();
    // SAFETY: the handle is writable.
    check(unsafe { slk_migrations_create(&raw mut migrations) })?;
    let compatible = world.profile.compatible.unwrap_or_default();
    for (from, compatible) in (1..schema).zip(compatible) {
        // SAFETY: the callback and its user data fit, and live until the end is told.
        check(unsafe {
            slk_migrations_add_migrator(
                migrations,
                from,
                SLK_LATEST_PATCH,
                if compatible { SLK_MIGRATION_COMPATIBLE } else { 0 },
                Some(callbacks::migrate),
                shared.user_data(),
                Some(callbacks::migrator_ended),
            )
        })?;
        shared.add_migrator();
    }
    Ok(migrations)
}
