// How records are encoded on their way to the store.
#include "world.hpp"

namespace {

slk::result<void> flip(slk::bytes_view bytes, slk::buffer_ref out) {
    for (const char letter : bytes.as_text()) {
        const char other = static_cast<char>(letter ^ 0x55);
        if (const auto appended = out.append(slk::bytes_view(&other, 1)); !appended)
            return appended;
    }
    return {};
}

slk::spec_options flipping() {
    auto options = world::player_options();
    options.codec = slk::codec_kind::callbacks;
    options.codec_name = "flip";
    options.codec_encode = flip;
    options.codec_decode = flip;
    return options;
}

void save_gold(world::server &server, int gold) {
    const auto locker = server.join("1");
    const auto change = locker.set("/gold", gold);
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
    CHECK_OK(locker.mark_should_release());
    CHECK(server.tick_until([](const slk::events::idle &) {}, [&] { return locker.is_idle(); }));
}

TEST(records_are_stored_as_the_codec_says) {
    for (const auto kind : {slk::codec_kind::none, slk::codec_kind::zstd, slk::codec_kind::callbacks}) {
        auto options = flipping();
        options.codec = kind;
        if (kind != slk::codec_kind::callbacks) {
            options.codec_name = "";
            options.codec_encode = nullptr;
            options.codec_decode = nullptr;
        }
        options.codec_level = kind == slk::codec_kind::zstd ? 5 : 0;
        world::server server(std::move(options));
        save_gold(server, 123454321);
        const std::string stored = server.store.value("player", "1").value_or("");
        CHECK(!stored.empty() && check::contains(stored, "\"gold\":123454321") == (kind == slk::codec_kind::none));
        CHECK(server.join("1").get<int>("/gold").value_or(0) == 123454321);
    }
    CHECK(slk::object_count(slk::object_kind::buffer) == 0);
}

TEST(a_codec_that_is_not_whole_is_refused) {
    world::server server;
    auto options = flipping();
    options.name = "another";
    options.codec_decode = nullptr;
    CHECK_CODE(invalid_argument, server.engine.create_spec(server.store, std::move(options)));
    auto named = flipping();
    named.codec_name = std::string("a\0b", 3);
    CHECK_CODE(invalid_argument, server.engine.create_spec(server.store, std::move(named)));
    slk::buffer_ref kept{slk_buffer{}};
    CHECK_CODE(invalid_handle, kept.append(std::string("late")));
}

#if SLK_CPP_EXCEPTIONS
TEST(what_a_codec_throws_is_told_and_the_rest_goes_on) {
    bool may_encode = true, may_decode = true;
    auto options = flipping();
    options.codec_encode = [&](slk::bytes_view bytes, slk::buffer_ref out) {
        if (!may_encode)
            throw std::runtime_error("out of ink");
        return flip(bytes, out);
    };
    options.codec_decode = [&](slk::bytes_view bytes, slk::buffer_ref out) {
        if (!may_decode)
            throw 42;
        return flip(bytes, out);
    };
    world::server server(std::move(options));
    save_gold(server, 7);
    may_decode = false;
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    std::string unreadable, trouble;
    const auto visitor = slk::overload{
        [&](const slk::events::load_status &now) {
            if (now.state == slk::load_state::unreadable)
                unreadable = now.text;
        },
        [&](const slk::events::save_trouble &now) { trouble = now.text; },
    };
    CHECK(server.tick_until(visitor, [&] { return !unreadable.empty(); }));
    CHECK(check::contains(unreadable, "no std::exception"));
    may_decode = true;
    CHECK(server.tick_until(visitor, [&] { return locker.is_loaded(); }, 20000));
    may_encode = false;
    const auto change = locker.set("/gold", 8);
    CHECK_OK(locker.mark_force_save());
    CHECK(server.tick_until(visitor, [&] { return !trouble.empty(); }));
    CHECK(check::contains(trouble, "out of ink"));
    may_encode = true;
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
}
#endif

} // namespace
