// Typed data in documents and lockers.
#include "world.hpp"

#include <array>

struct point {
    int x = 0;
    int y = 0;
};

// A codec written by hand: "x y" in a JSON string, so that it fails in ways that a test can see.
template <>
struct slk::codec<point> {
    static slk::result<std::string> encode(const point &value) {
        if (value.x < 0)
            return slk::failure{slk::result_code::out_of_range, "x is negative"};
        return "\"" + std::to_string(value.x) + " " + std::to_string(value.y) + "\"";
    }
    static slk::result<point> decode(std::string_view json) {
        const std::string text(json);
        point value;
        if (std::sscanf(text.c_str(), "\"%d %d\"", &value.x, &value.y) != 2)
            return slk::failure{slk::result_code::wrong_type, "no point: " + text};
        return value;
    }
};

namespace {

TEST(documents_give_back_what_was_set) {
    auto made = slk::document::from_json("{}");
    CHECK_OK(made);
    slk::document &data = *made;
    CHECK_OK(data.set("/bool", true));
    CHECK_OK(data.set("/small", std::int8_t{-7}));
    CHECK_OK(data.set("/large", std::numeric_limits<std::int64_t>::min()));
    CHECK_OK(data.set("/huge", std::numeric_limits<std::uint64_t>::max()));
    CHECK_OK(data.set("/half", 0.5));
    CHECK_OK(data.set("/float", 0.25f));
    CHECK_OK(data.set("/word", "sword"));
    CHECK_OK(data.set("/text", std::string("shield")));
    CHECK_OK(data.set("/view", std::string_view("bow and arrow").substr(0, 3)));
    CHECK_OK(data.set("/none", nullptr));
    CHECK_OK(data.set("/point", point{3, 4}));

    CHECK(data.get<bool>("/bool").value_or(false));
    CHECK(data.get<std::int8_t>("/small").value_or(std::int8_t{0}) == -7);
    CHECK(data.get<std::int64_t>("/large").value_or(0) == std::numeric_limits<std::int64_t>::min());
    CHECK(data.get<std::uint64_t>("/huge").value_or(0) == std::numeric_limits<std::uint64_t>::max());
    CHECK(data.get<double>("/half").value_or(0) > 0.4);
    CHECK(data.get<float>("/float").value_or(0) > 0.2f);
    CHECK(data.get<std::string>("/word").value_or("") == "sword");
    CHECK(data.get<std::string>("/view").value_or("") == "bow");
    CHECK(data.get<point>("/point").value_or(point{}).y == 4);
    CHECK(data.type("/none").value_or(slk::value_type::bytes) == slk::value_type::null);
    CHECK(data.type("").value_or(slk::value_type::bytes) == slk::value_type::object);
    CHECK(data.contains("/none") && !data.contains("/nothing"));

    CHECK_CODE(wrong_type, data.get<int>("/word"));
    CHECK_CODE(wrong_type, data.get<point>("/word"));
    CHECK_CODE(out_of_range, data.get<std::uint8_t>("/small"));
    CHECK_CODE(out_of_range, data.get<std::uint64_t>("/small"));
    CHECK_CODE(out_of_range, data.get<int>("/large"));
    CHECK_CODE(out_of_range, data.get<std::int64_t>("/huge"));
    CHECK_CODE(out_of_range, data.set("/point", point{-1, 0}));
    CHECK_CODE(invalid_pointer, data.get<int>("no pointer"));
    const auto nothing = data.get<int>("/nothing");
    CHECK_CODE(empty, nothing);
    CHECK(check::contains(nothing.error().text, "/nothing"));
}

TEST(long_texts_come_out_whole) {
    const std::string large(100000, 'x');
    const auto data = slk::document::of(large);
    CHECK_OK(data);
    CHECK(data->get<std::string>("").value_or("") == large);
    CHECK(data->json().value_or("").size() == large.size() + 2);
    // Right at the size of the buffer that is tried first.
    for (const std::size_t size : {253u, 254u, 255u, 256u, 257u, 258u}) {
        const std::string text(size, 'y');
        CHECK(slk::document::of(text)->get<std::string>("").value_or("") == text);
    }
}

TEST(arrays_and_objects_are_walked) {
    auto data = slk::document::from_json(R"({"b":1,"a":[]})");
    CHECK_OK(data);
    CHECK_OK(data->append("/a", 1));
    CHECK_OK(data->append("/a", "two"));
    CHECK_OK(data->append("/a", point{3, 3}));
    CHECK_OK(data->append("/new", 0.5));
    CHECK_OK(data->append_json("/a", "[4]"));
    CHECK_OK(data->add("/b", 41));
    CHECK_OK(data->add("/c", 0.5));
    CHECK(data->json("/a").value_or("") == R"([1,"two","3 3",[4]])");
    CHECK(data->length("/a").value_or(0) == 4);
    const auto names = data->keys("");
    CHECK_OK(names);
    CHECK((*names == std::vector<std::string>{"b", "a", "new", "c"}));
    CHECK_CODE(wrong_type, data->keys("/b"));
    CHECK_OK(data->remove("/a/0"));
    CHECK(data->get<std::string>("/a/0").value_or("") == "two");
    CHECK_CODE(empty, data->remove("/a/9"));
    CHECK_CODE(invalid_json, data->set_json("/b", "{"));
    CHECK_CODE(invalid_json, slk::document::from_json("{"));
    CHECK(data->get<int>("/b").value_or(0) == 42);
}

TEST(bytes_go_in_and_come_out) {
    const std::array<std::uint8_t, 5> raw{0, 1, 2, 0, 255};
    auto data = slk::document::from_bytes(raw);
    CHECK_OK(data);
    CHECK(data->bytes().value_or("") == std::string("\0\1\2\0\xff", 5));
    CHECK_OK(data->set_bytes(std::string(1000, 'z')));
    CHECK(data->bytes().value_or("").size() == 1000);
    CHECK_OK(data->set_bytes({}));
    CHECK_OK(data->bytes());
    CHECK(data->bytes().value_or("x").empty());
    CHECK_CODE(wrong_type, data->get<int>("/x"));
    CHECK_CODE(wrong_type, slk::document::from_json("1")->bytes());

    slk::spec_options options;
    options.name = "blob";
    options.data_kind = slk::data_kind::bytes;
    options.default_data = std::string("\0\1", 2);
    world::server server(std::move(options));
    const auto locker = server.join("1");
    CHECK(locker.bytes().value_or("").size() == 2);
    const auto change = locker.set_bytes(raw);
    CHECK_OK(change);
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
}

TEST(lockers_number_their_changes) {
    world::server server;
    const auto locker = server.join("42");
    const auto first = locker.add("/gold", 5);
    const auto second = locker.set("/at", point{1, 2});
    CHECK_OK(first);
    CHECK_OK(second);
    CHECK(*first != 0 && *second > *first);
    CHECK(locker.change_status(*second).value_or(slk::change_state::lost) == slk::change_state::pending);
    CHECK(server.save(locker, *second) == slk::change_state::saved);
    CHECK(locker.change_status(*first).value_or(slk::change_state::lost) == slk::change_state::saved);
    const auto status = locker.status();
    CHECK_OK(status);
    CHECK(status->load == slk::load_state::loaded && status->available && status->wanted && !status->dirty);
    CHECK(status->saved_change == *second && status->epoch > 0);
    CHECK(locker.get<point>("/at").value_or(point{}).x == 1);
    CHECK_OK(locker.mark_changed());
    CHECK_OK(locker.mark_should_save());
    CHECK_OK(locker.give_credit("vip", 2));
    CHECK(locker.credit("vip").value_or(0) == 2);
}

} // namespace
