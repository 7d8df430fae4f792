// Data: typed reading and writing by JSON Pointer, the same for a locker's data and for documents on their own.
#ifndef SESSIONLOCKER_DATA_HPP
#define SESSIONLOCKER_DATA_HPP

#include "common.hpp"
#include "enums.hpp"

#include <charconv>

namespace slk {

// How a type of yours becomes JSON and comes back. Specialise it:
//
//     template <>
//     struct slk::codec<Inventory> {
//         static slk::result<std::string> encode(const Inventory &inventory);
//         static slk::result<Inventory> decode(std::string_view json);
//     };
//
// Then get<Inventory>("/inventory") and set("/inventory", inventory) work, for one part of the data or with "" for all.
// sessionlocker/nlohmann.hpp does it for every type that nlohmann/json knows. The second parameter is there for
// specialisations that hold for many types at once.
template <class T, class = void>
struct codec;

// Names one change of a record, to ask whether it is saved. Never 0, and never used twice in a process.
using change_id = std::uint64_t;

class document_ref;
class document;

namespace detail {

/* One name for each function on the two kinds of handles; documents have no changes to number. */

inline slk_result get_type(slk_document d, const char *at, std::int32_t *to) { return slk_document_get_type(d, at, to); }
inline slk_result get_type(slk_locker l, const char *at, std::int32_t *to) { return slk_locker_get_type(l, at, to); }
inline slk_result get_bool(slk_document d, const char *at, std::int32_t *to) { return slk_document_get_bool(d, at, to); }
inline slk_result get_bool(slk_locker l, const char *at, std::int32_t *to) { return slk_locker_get_bool(l, at, to); }
inline slk_result get_i64(slk_document d, const char *at, std::int64_t *to) { return slk_document_get_i64(d, at, to); }
inline slk_result get_i64(slk_locker l, const char *at, std::int64_t *to) { return slk_locker_get_i64(l, at, to); }
inline slk_result get_f64(slk_document d, const char *at, double *to) { return slk_document_get_f64(d, at, to); }
inline slk_result get_f64(slk_locker l, const char *at, double *to) { return slk_locker_get_f64(l, at, to); }
inline slk_result get_string(slk_document d, const char *at, char *to, std::size_t size, std::size_t *needed) {
    return slk_document_get_string(d, at, to, size, needed);
}
inline slk_result get_string(slk_locker l, const char *at, char *to, std::size_t size, std::size_t *needed) {
    return slk_locker_get_string(l, at, to, size, needed);
}
inline slk_result get_json(slk_document d, const char *at, char *to, std::size_t size, std::size_t *needed) {
    return slk_document_get_json(d, at, to, size, needed);
}
inline slk_result get_json(slk_locker l, const char *at, char *to, std::size_t size, std::size_t *needed) {
    return slk_locker_get_json(l, at, to, size, needed);
}
inline slk_result get_bytes(slk_document d, void *to, std::size_t size, std::size_t *needed) {
    return slk_document_get_bytes(d, to, size, needed);
}
inline slk_result get_bytes(slk_locker l, void *to, std::size_t size, std::size_t *needed) {
    return slk_locker_get_bytes(l, to, size, needed);
}
inline slk_result length(slk_document d, const char *at, std::size_t *to) { return slk_document_length(d, at, to); }
inline slk_result length(slk_locker l, const char *at, std::size_t *to) { return slk_locker_length(l, at, to); }
inline slk_result key_at(slk_document d, const char *at, std::size_t index, char *to, std::size_t size,
                         std::size_t *needed) {
    return slk_document_key_at(d, at, index, to, size, needed);
}
inline slk_result key_at(slk_locker l, const char *at, std::size_t index, char *to, std::size_t size,
                         std::size_t *needed) {
    return slk_locker_key_at(l, at, index, to, size, needed);
}

inline slk_result set_null(slk_document d, const char *at, change_id *) { return slk_document_set_null(d, at); }
inline slk_result set_null(slk_locker l, const char *at, change_id *change) {
    return slk_locker_set_null(l, at, change);
}
inline slk_result set_bool(slk_document d, const char *at, bool to, change_id *) {
    return slk_document_set_bool(d, at, to ? 1 : 0);
}
inline slk_result set_bool(slk_locker l, const char *at, bool to, change_id *change) {
    return slk_locker_set_bool(l, at, to ? 1 : 0, change);
}
inline slk_result set_i64(slk_document d, const char *at, std::int64_t to, change_id *) {
    return slk_document_set_i64(d, at, to);
}
inline slk_result set_i64(slk_locker l, const char *at, std::int64_t to, change_id *change) {
    return slk_locker_set_i64(l, at, to, change);
}
inline slk_result set_f64(slk_document d, const char *at, double to, change_id *) {
    return slk_document_set_f64(d, at, to);
}
inline slk_result set_f64(slk_locker l, const char *at, double to, change_id *change) {
    return slk_locker_set_f64(l, at, to, change);
}
inline slk_result set_string(slk_document d, const char *at, std::string_view to, change_id *) {
    return slk_document_set_string(d, at, to.data(), to.size());
}
inline slk_result set_string(slk_locker l, const char *at, std::string_view to, change_id *change) {
    return slk_locker_set_string(l, at, to.data(), to.size(), change);
}
inline slk_result set_json(slk_document d, const char *at, std::string_view to, change_id *) {
    return slk_document_set_json(d, at, to.data(), to.size());
}
inline slk_result set_json(slk_locker l, const char *at, std::string_view to, change_id *change) {
    return slk_locker_set_json(l, at, to.data(), to.size(), change);
}
inline slk_result set_bytes(slk_document d, bytes_view to, change_id *) {
    return slk_document_set_bytes(d, to.data, to.size);
}
inline slk_result set_bytes(slk_locker l, bytes_view to, change_id *change) {
    return slk_locker_set_bytes(l, to.data, to.size, change);
}
inline slk_result add_i64(slk_document d, const char *at, std::int64_t delta, change_id *) {
    return slk_document_add_i64(d, at, delta);
}
inline slk_result add_i64(slk_locker l, const char *at, std::int64_t delta, change_id *change) {
    return slk_locker_add_i64(l, at, delta, change);
}
inline slk_result add_f64(slk_document d, const char *at, double delta, change_id *) {
    return slk_document_add_f64(d, at, delta);
}
inline slk_result add_f64(slk_locker l, const char *at, double delta, change_id *change) {
    return slk_locker_add_f64(l, at, delta, change);
}
inline slk_result append_json(slk_document d, const char *at, std::string_view value, change_id *) {
    return slk_document_append_json(d, at, value.data(), value.size());
}
inline slk_result append_json(slk_locker l, const char *at, std::string_view value, change_id *change) {
    return slk_locker_append_json(l, at, value.data(), value.size(), change);
}
inline slk_result remove(slk_document d, const char *at, change_id *) { return slk_document_remove(d, at); }
inline slk_result remove(slk_locker l, const char *at, change_id *change) { return slk_locker_remove(l, at, change); }

template <class T>
inline constexpr bool is_text = std::is_convertible_v<const T &, std::string_view>;

// Whole numbers without the sign have one bit more than the library's.
inline result<std::uint64_t> parse_u64(std::string_view digits) {
    std::uint64_t value = 0;
    const auto end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end)
        return failure{result_code::out_of_range, std::string(digits) + " does not fit"};
    return value;
}

// What lockers and documents have in common. `Changed` is what an edit gives: change_id or nothing.
template <class Self, class Changed>
class data_access {
public:
    // The value at a JSON Pointer (RFC 6901); "" is all. T is bool, a number, std::string, or a type with a codec.
    // Fails with result_code::empty if there is nothing, wrong_type, or out_of_range.
    template <class T>
    result<T> get(const text_in &pointer) const {
        if constexpr (std::is_same_v<T, bool>) {
            const auto read = read_as<std::int32_t>(pointer, [](auto handle, const char *at, std::int32_t *to) {
                return detail::get_bool(handle, at, to);
            });
            return read ? result<bool>(*read != 0) : result<bool>(read.error());
        } else if constexpr (std::is_integral_v<T>) {
            return get_integer<T>(pointer);
        } else if constexpr (std::is_floating_point_v<T>) {
            const auto read = read_as<double>(
                pointer, [](auto handle, const char *at, double *to) { return detail::get_f64(handle, at, to); });
            return read ? result<T>(static_cast<T>(*read)) : result<T>(read.error());
        } else if constexpr (std::is_same_v<T, std::string>) {
            return read_text(pointer, [](auto handle, const char *at, char *to, std::size_t size, std::size_t *needed) {
                return detail::get_string(handle, at, to, size, needed);
            });
        } else {
            const auto text = json(pointer);
            return text ? codec<T>::decode(*text) : result<T>(text.error());
        }
    }

    // Sets the value; its parent must be there. Null is written as nullptr.
    template <class T>
    result<Changed> set(const text_in &pointer, const T &value) const {
        if constexpr (std::is_same_v<T, std::nullptr_t>) {
            return edit(pointer, [](auto handle, const char *at, change_id *change) {
                return detail::set_null(handle, at, change);
            });
        } else if constexpr (std::is_same_v<T, bool>) {
            return edit(pointer, [&](auto handle, const char *at, change_id *change) {
                return detail::set_bool(handle, at, value, change);
            });
        } else if constexpr (std::is_integral_v<T>) {
            if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t))
                if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max()))
                    return set_json(pointer, std::to_string(value));
            return edit(pointer, [&](auto handle, const char *at, change_id *change) {
                return detail::set_i64(handle, at, static_cast<std::int64_t>(value), change);
            });
        } else if constexpr (std::is_floating_point_v<T>) {
            return edit(pointer, [&](auto handle, const char *at, change_id *change) {
                return detail::set_f64(handle, at, static_cast<double>(value), change);
            });
        } else if constexpr (is_text<T>) {
            return edit(pointer, [&](auto handle, const char *at, change_id *change) {
                return detail::set_string(handle, at, value, change);
            });
        } else {
            const result<std::string> text = codec<T>::encode(value);
            return text ? set_json(pointer, *text) : result<Changed>(text.error());
        }
    }

    // Adds to a number; a missing one counts as 0.
    template <class Number>
    result<Changed> add(const text_in &pointer, Number delta) const {
        static_assert(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>);
        return edit(pointer, [&](auto handle, const char *at, change_id *change) {
            if constexpr (std::is_floating_point_v<Number>)
                return detail::add_f64(handle, at, static_cast<double>(delta), change);
            else
                return detail::add_i64(handle, at, static_cast<std::int64_t>(delta), change);
        });
    }

    // Appends to an array; a missing one is made.
    template <class T>
    result<Changed> append(const text_in &pointer, const T &value) const;

    // Removes a value; result_code::empty if there was none.
    result<Changed> remove(const text_in &pointer) const {
        return edit(pointer, [](auto handle, const char *at, change_id *change) {
            return detail::remove(handle, at, change);
        });
    }

    // The value as JSON text. All of it, unchanged, comes as it was written.
    result<std::string> json(const text_in &pointer = "") const {
        return read_text(pointer, [](auto handle, const char *at, char *to, std::size_t size, std::size_t *needed) {
            return detail::get_json(handle, at, to, size, needed);
        });
    }
    result<Changed> set_json(const text_in &pointer, std::string_view text) const {
        return edit(pointer, [&](auto handle, const char *at, change_id *change) {
            return detail::set_json(handle, at, text, change);
        });
    }
    result<Changed> append_json(const text_in &pointer, std::string_view text) const {
        return edit(pointer, [&](auto handle, const char *at, change_id *change) {
            return detail::append_json(handle, at, text, change);
        });
    }

    // The data of a spec with data_kind::bytes.
    result<std::string> bytes() const {
        const auto handle = self().handle();
        return take_bytes([&](char *to, std::size_t size, std::size_t *needed) {
            return detail::get_bytes(handle, to, size, needed);
        });
    }
    result<Changed> set_bytes(bytes_view to) const {
        return edit("", [&](auto handle, const char *, change_id *change) {
            return detail::set_bytes(handle, to, change);
        });
    }

    result<value_type> type(const text_in &pointer) const {
        const auto read = read_as<std::int32_t>(pointer, [](auto handle, const char *at, std::int32_t *to) {
            return detail::get_type(handle, at, to);
        });
        return read ? result<value_type>(static_cast<value_type>(*read)) : result<value_type>(read.error());
    }

    bool contains(const text_in &pointer) const { return type(pointer).has_value(); }

    // How many elements an array or members an object has.
    result<std::size_t> length(const text_in &pointer) const {
        return read_as<std::size_t>(pointer, [](auto handle, const char *at, std::size_t *to) {
            return detail::length(handle, at, to);
        });
    }

    // The name of an object's member, in the order of the text.
    result<std::string> key_at(const text_in &pointer, std::size_t index) const {
        return read_text(pointer, [&](auto handle, const char *at, char *to, std::size_t size, std::size_t *needed) {
            return detail::key_at(handle, at, index, to, size, needed);
        });
    }

    // The names of all members of an object.
    result<std::vector<std::string>> keys(const text_in &pointer) const {
        const auto count = length(pointer);
        if (!count)
            return count.error();
        std::vector<std::string> names;
        names.reserve(*count);
        for (std::size_t index = 0; index < *count; ++index) {
            auto name = key_at(pointer, index);
            if (!name)
                return name.error();
            names.push_back(std::move(*name));
        }
        return names;
    }

private:
    const Self &self() const { return static_cast<const Self &>(*this); }

    template <class Value, class Read>
    result<Value> read_as(const text_in &pointer, Read read) const {
        if (pointer.hides_nul())
            return hidden_nul("pointer");
        Value value{};
        const slk_result code = read(self().handle(), pointer.c_str(), &value);
        if (code != SLK_OK)
            return nothing_at(pointer, code);
        return value;
    }

    template <class Read>
    result<std::string> read_text(const text_in &pointer, Read read) const {
        if (pointer.hides_nul())
            return hidden_nul("pointer");
        const auto handle = self().handle();
        auto text = take_text([&](char *to, std::size_t size, std::size_t *needed) {
            return read(handle, pointer.c_str(), to, size, needed);
        });
        if (!text)
            return nothing_at(pointer, text.error());
        return text;
    }

    template <class T>
    result<T> get_integer(const text_in &pointer) const {
        const auto read = read_as<std::int64_t>(
            pointer, [](auto handle, const char *at, std::int64_t *to) { return detail::get_i64(handle, at, to); });
        if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t)) {
            if (read.code() == result_code::out_of_range) {
                const auto digits = json(pointer);
                const auto value = digits ? parse_u64(*digits) : result<std::uint64_t>(digits.error());
                return value ? result<T>(static_cast<T>(*value)) : result<T>(value.error());
            }
        }
        if (!read)
            return read.error();
        const T value = static_cast<T>(*read);
        if (static_cast<std::int64_t>(value) != *read || (value < T{}) != (*read < 0))
            return failure{result_code::out_of_range, std::to_string(*read) + " at `" + pointer.c_str() +
                                                          "` does not fit into " + std::to_string(sizeof(T)) + " bytes"};
        return value;
    }

    template <class Call>
    result<Changed> edit(const text_in &pointer, Call call) const {
        if (pointer.hides_nul())
            return hidden_nul("pointer");
        change_id change = 0;
        const slk_result code = call(self().handle(), pointer.c_str(), &change);
        if (code != SLK_OK)
            return nothing_at(pointer, code);
        if constexpr (std::is_void_v<Changed>)
            return {};
        else
            return change;
    }

    static failure nothing_at(const text_in &pointer, slk_result code) { return nothing_at(pointer, failed(code)); }
    static failure nothing_at(const text_in &pointer, failure why) {
        if (why.code == result_code::empty)
            why.text = std::string("there is no value at `") + pointer.c_str() + "`";
        return why;
    }
};

} // namespace detail

// A kind of record that somebody else owns: as the target of a change, and in events.
class spec_ref {
public:
    spec_ref() noexcept = default;
    explicit spec_ref(slk_spec handle) noexcept : handle_(handle) {}
    slk_spec handle() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_.id != 0; }
    friend bool operator==(spec_ref left, spec_ref right) noexcept { return left.handle_.id == right.handle_.id; }
    friend bool operator!=(spec_ref left, spec_ref right) noexcept { return !(left == right); }

private:
    slk_spec handle_{};
};

// A document that somebody else owns: the draft of a callback, valid until the callback returns.
class document_ref : public detail::data_access<document_ref, void> {
public:
    document_ref() noexcept = default;
    explicit document_ref(slk_document handle) noexcept : handle_(handle) {}
    slk_document handle() const noexcept { return handle_; }

    // As locker_ref::queue_change, on the draft of a callback: it leaves with the draft's edits, if the callback agrees.
    result<void> queue_change(spec_ref target, const text_in &key, const text_in &kind, std::string_view json = "null",
                              if_missing missing = if_missing::fail) const {
        if (key.hides_nul() || kind.hides_nul())
            return detail::hidden_nul("key or kind");
        return detail::checked(slk_document_queue_change(handle(), target.handle(), key.c_str(), kind.c_str(),
                                                         json.data(), json.size(), static_cast<std::uint32_t>(missing)));
    }

private:
    slk_document handle_{};
};

// A JSON value or opaque bytes of your own.
class document : public detail::data_access<document, void> {
public:
    document() noexcept = default;
    // Takes over a handle.
    explicit document(slk_document handle) noexcept : own_(handle) {}

    static result<document> from_json(std::string_view json) {
        if (const auto fits = detail::check_abi(); !fits)
            return fits.error();
        slk_document made{};
        const slk_result code = slk_document_create_json(json.data(), json.size(), &made);
        return code == SLK_OK ? result<document>(document(made)) : result<document>(detail::failed(code));
    }

    static result<document> from_bytes(bytes_view bytes) {
        if (const auto fits = detail::check_abi(); !fits)
            return fits.error();
        slk_document made{};
        const slk_result code = slk_document_create_bytes(bytes.data, bytes.size, &made);
        return code == SLK_OK ? result<document>(document(made)) : result<document>(detail::failed(code));
    }

    // A document of any value that set() takes.
    template <class T>
    static result<document> of(const T &value) {
        auto made = from_json("null");
        if (!made)
            return made;
        if (const auto written = made->set("", value); !written)
            return written.error();
        return made;
    }

    slk_document handle() const noexcept { return own_.get(); }
    // Gives the handle away.
    slk_document release() noexcept { return own_.release(); }
    operator document_ref() const noexcept { return document_ref(handle()); }

private:
    detail::owner<slk_document> own_;
};

template <class Self, class Changed>
template <class T>
result<Changed> detail::data_access<Self, Changed>::append(const text_in &pointer, const T &value) const {
    const auto element = document::of(value);
    const auto text = element ? element->json() : result<std::string>(element.error());
    return text ? append_json(pointer, *text) : result<Changed>(text.error());
}

} // namespace slk

#endif
