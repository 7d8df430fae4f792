// Owners: moves, every order of destruction, use after the end.
#include "world.hpp"

#include <algorithm>

namespace {

template <class Owner>
void check_moves(Owner first) {
    const auto id = first.handle().id;
    CHECK(id != 0);
    Owner second = std::move(first);
    CHECK(second.handle().id == id && first.handle().id == 0);
    Owner &alias = second;
    second = std::move(alias);
    CHECK(second.handle().id == id);
    Owner third;
    third = std::move(second);
    CHECK(third.handle().id == id && second.handle().id == 0);
    static_assert(!std::is_copy_constructible_v<Owner> && !std::is_copy_assignable_v<Owner>);
    static_assert(std::is_nothrow_move_constructible_v<Owner> && std::is_nothrow_move_assignable_v<Owner>);
}

TEST(owners_move_and_do_not_copy) {
    world::server server;
    check_moves(*server.spec.open_locker("1"));
    check_moves(*slk::document::from_json("{}"));
    check_moves(std::move(server.spec));
    check_moves(std::move(server.engine));
    check_moves(std::move(server.store));
    static_assert(!std::is_copy_constructible_v<slk::request> && std::is_nothrow_move_constructible_v<slk::request>);
    static_assert(!std::is_copy_constructible_v<slk::profile> && !std::is_copy_constructible_v<slk::profiles>);
}

TEST(use_after_move_is_an_error_result) {
    world::server server;
    auto locker = server.join("1");
    auto document = *slk::document::from_json("{}");
    const auto new_locker = std::move(locker);
    const auto new_document = std::move(document);
    const auto new_spec = std::move(server.spec);
    const auto new_engine = std::move(server.engine);
    const auto new_store = std::move(server.store);

    CHECK_CODE(invalid_handle, locker.get<int>("/gold"));
    CHECK_CODE(invalid_handle, locker.set("/gold", 1));
    CHECK_CODE(invalid_handle, locker.mark_should_acquire());
    CHECK_CODE(invalid_handle, locker.status());
    CHECK_CODE(invalid_handle, locker.update());
    CHECK_CODE(invalid_handle, locker.process_receipt(world::receipt_of("p")));
    CHECK(!locker.is_available() && !locker.is_loaded() && !locker.is_idle());
    CHECK_CODE(invalid_handle, document.json());
    CHECK_CODE(invalid_handle, server.spec.open_locker("2"));
    CHECK_CODE(invalid_handle, server.engine.update());
    CHECK_CODE(invalid_handle, server.engine.next_event());
    CHECK_CODE(invalid_handle, server.engine.next_events(4));
    CHECK_CODE(invalid_handle, server.engine.dispatch(slk::overload{[](const slk::events::loaded &) {}}));
    CHECK_CODE(invalid_handle, server.engine.shutdown(1ms));
    CHECK_CODE(invalid_handle, server.engine.create_spec(new_store, world::player_options()));
    CHECK_CODE(invalid_handle, new_engine.create_spec(server.store, [] {
        auto options = world::player_options();
        options.name = "another";
        return options;
    }()));
    slk::request none;
    CHECK_CODE(invalid_handle, none.missing());
    CHECK(none.view().key().empty() && none.native_view() == nullptr);
}

// Everything that a server is made of, each to be destroyed by its number.
struct pieces {
    world::server server;
    slk::locker locker = server.join("1");
    slk::locker same = *server.spec.open_locker("1");
    slk::document document = *slk::document::from_json("{}");

    static constexpr int count = 6;
    void destroy(int piece) {
        switch (piece) {
        case 0: server.store = {}; break;
        case 1: server.engine = {}; break;
        case 2: server.spec = {}; break;
        case 3: locker = {}; break;
        case 4: same = {}; break;
        default: document = {};
        }
    }
};

TEST(destruction_in_every_order) {
    int order[pieces::count] = {0, 1, 2, 3, 4, 5};
    int orders = 0;
    do {
        pieces all;
        CHECK_OK(all.locker.add("/gold", 1));
        for (const int piece : order) {
            all.destroy(piece);
            // What is left answers, one way or the other, and nothing breaks.
            all.server.engine.update().ignore();
            all.locker.get<int>("/gold").ignore();
            all.server.spec.open_locker("2").ignore();
        }
        ++orders;
    } while (std::next_permutation(std::begin(order), std::end(order)));
    CHECK(orders == 720);
}

TEST(explicit_destruction_tells_how_it_went) {
    world::server server;
    auto locker = server.join("1");
    CHECK_OK(locker.destroy());
    CHECK_OK(locker.destroy());
    slk::locker stale(server.spec.open_locker("2")->release());
    CHECK_OK(server.engine.destroy());
    CHECK_CODE(invalid_handle, stale.destroy());
    CHECK_OK(server.store.destroy());
}

// Owners may be destroyed inside callbacks, where the library refuses to end engines, specs and stores: they end later.
TEST(destruction_inside_callbacks) {
    auto counted = std::make_shared<int>(0);
    std::unique_ptr<world::server> server;
    auto options = world::player_options();
    options.before_save = [&, counted](const slk::save_view &save, slk::document_ref draft) {
        CHECK(save.key() == "1" && save.locker());
        server.reset();
        return draft.set("/seen", true);
    };
    server = std::make_unique<world::server>(std::move(options));
    const auto locker = server->join("1");
    const slk::engine_options unused;
    CHECK_OK(locker.add("/gold", 1));
    CHECK_OK(locker.mark_force_save());
    // The object is destroyed inside, so the handle is kept here.
    slk::engine &engine = server->engine;
    for (int i = 0; i < 100 && server != nullptr; ++i)
        CHECK_OK(engine.update());
    CHECK(server == nullptr);
    CHECK_CODE(invalid_handle, locker.get<int>("/gold"));
    // Only the one here is left: the callbacks were destroyed with the engine.
    CHECK(counted.use_count() == 1);
}

TEST(destruction_inside_a_visitor) {
    auto server = std::make_unique<world::server>();
    auto locker = *server->spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    slk::engine *engine = &server->engine;
    for (int i = 0; i < 100 && server != nullptr; ++i) {
        CHECK_OK(engine->update());
        if (const auto done = engine->dispatch(slk::overload{[&](const slk::events::loaded &) { server.reset(); }}); !done)
            CHECK_CODE(invalid_handle, done);
    }
    CHECK(server == nullptr);
    CHECK_CODE(invalid_handle, locker.status());
}

TEST(captures_live_as_long_as_they_can_be_called) {
    auto counted = std::make_shared<int>(0);
    auto options = world::player_options();
    options.default_data_for = [counted](std::string_view, slk::document_ref) { return slk::result<void>(); };
    auto engine_options = world::server_options("a");
    engine_options.log = [counted](slk::log_level, std::string_view) {};
    {
        world::server server(std::move(options), std::move(engine_options));
        CHECK(counted.use_count() == 3);
        server.spec = {};
        CHECK(counted.use_count() == 3);
    }
    CHECK(counted.use_count() == 1);

    // What was never taken over is given back.
    slk::spec_options refused;
    refused.name = "";
    refused.before_save = [counted](const slk::save_view &, slk::document_ref) {};
    world::server server;
    CHECK_CODE(invalid_argument, server.engine.create_spec(server.store, std::move(refused)));
    slk::engine_options bad;
    bad.lease = 1ms;
    bad.log = [counted](slk::log_level, std::string_view) {};
    CHECK_CODE(invalid_argument, slk::engine::create(std::move(bad)));
    CHECK(counted.use_count() == 1);
}

TEST(two_stores_outlive_their_handles) {
    auto shared = *slk::store::open_memory();
    auto engine = *slk::engine::create(world::server_options("a"));
    auto spec = *engine.create_spec(shared, world::player_options());
    shared = {};
    auto locker = *spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    for (int i = 0; i < 100 && !locker.is_loaded(); ++i)
        CHECK_OK(engine.update());
    CHECK(locker.is_available());
}

} // namespace
