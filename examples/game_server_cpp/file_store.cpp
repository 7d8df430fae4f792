// What a store of your own takes: get, put and remove with compare-and-set on one key.
//
// A record is a file whose first line names its version:
//
//     slk-file 1 <version>\n<value>
//
// The rules that make it safe, and that hold for every store:
//
//   - Compare and set are one step. Here a lock file is held from reading the old version to renaming the new file. The
//     lock excludes threads and processes, and the system ends it when a process dies.
//   - A version never comes back, not even after remove and create. Here it is a random number drawn for each opening of
//     the store and a counter.
//   - "Written" is said only when a power cut cannot undo it: file flushed, renamed, folder flushed; before that the
//     folders that lead there.
//   - Failures say whether the write surely did not happen or may have happened. What a store throws counts as "may have
//     happened", which is safe but slower to recover from; so what fails before the write is caught and told as it is.
#include "file_store.hpp"

#include "platform.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>
#include <system_error>

namespace game {
namespace {

constexpr std::string_view magic = "slk-file 1 ";
// A key's file name is at most three times as long as the key, and file names end at 255 bytes.
constexpr std::uint32_t max_key_bytes = 80;
// Keys share these lock files, so that there are not as many locks as players.
constexpr std::uint32_t lock_files = 256;

// The key as a file name: what is not a plain character becomes %XX, so that no key can leave the folder or meet another
// key's file.
std::string file_name(std::string_view key) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    constexpr char digits[] = "0123456789ABCDEF";
    std::string name;
    for (const char letter : key) {
        const auto code = static_cast<unsigned char>(letter);
        if (plain.find(letter) != std::string_view::npos)
            name += letter;
        else
            ((name += '%') += digits[code / 16]) += digits[code % 16];
    }
    return name;
}

// All processes must agree on this number, those in C too: FNV-1a.
std::uint32_t lock_number(std::string_view path) {
    std::uint32_t hash = 2166136261u;
    for (const char letter : path)
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619u;
    return hash % lock_files;
}

std::string random_hex() {
    std::random_device source;
    std::string text;
    char digits[9];
    for (int i = 0; i < 4; ++i) {
        std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(source()));
        text += digits;
    }
    return text;
}

slk::store_failed failed(slk::trouble trouble, const char *what, const std::string &path) {
    return {trouble, std::string(what) + " " + path + ": " + std::generic_category().message(errno)};
}

class FileStore : public slk::blocking_store {
public:
    explicit FileStore(std::string folder) : folder_(std::move(folder)) {}

    slk::get_answer get(const slk::request_view &asked) override {
        return with_record<slk::get_answer>(asked, [&](const Place &place, const auto &stored) -> slk::get_answer {
            if (!is_durable(place))
                return failed(slk::trouble::not_applied, "cannot flush", place.folder);
            if (!stored)
                return slk::missing{};
            return *stored;
        });
    }

    slk::put_answer put(const slk::request_view &asked) override {
        return with_record<slk::put_answer>(asked, [&](const Place &place, const auto &stored) -> slk::put_answer {
            if (!is_expected(stored, asked))
                return slk::conflict{};
            if (!stored && !flush_way(asked))
                return failed(slk::trouble::not_applied, "cannot flush", folder_);
            const std::string version = opening_ + "-" + std::to_string(written_.fetch_add(1));
            std::string content(magic);
            content += version;
            content += '\n';
            content += asked.value();
            switch (platform::write_file(place.file, place.file + ".new", place.folder, content)) {
            case platform::Written::done:
                return slk::written{version};
            case platform::Written::not_done:
                return failed(slk::trouble::not_applied, "cannot write", place.file);
            case platform::Written::nobody_knows:
                break;
            }
            return in_doubt(place);
        });
    }

    slk::remove_answer remove(const slk::request_view &asked) override {
        return with_record<slk::remove_answer>(asked, [&](const Place &place, const auto &stored) -> slk::remove_answer {
            if (!is_expected(stored, asked))
                return slk::conflict{};
            switch (platform::remove_file(place.file, place.folder)) {
            case platform::Written::done:
                return slk::removed{};
            case platform::Written::not_done:
                return failed(slk::trouble::not_applied, "cannot remove", place.file);
            case platform::Written::nobody_knows:
                break;
            }
            return in_doubt(place);
        });
    }

private:
    // Where a key lives.
    struct Place {
        std::string folder;
        std::string file;
    };

    // Reads what is stored under the key, and works with it, under the key's lock. Also for reading: what is read must not
    // be undone by a power cut, so the flush of whoever wrote it must be over.
    template <class Answer, class Work>
    Answer with_record(const slk::request_view &asked, Work work) {
        Place place;
        platform::Descriptor lock;
        std::optional<slk::found> stored;
        try {
            const bool is_server = asked.key_kind() == slk::key_kind::server;
            place.folder = folder_ + (is_server ? "/servers" : "/records/" + file_name(asked.spec()));
            std::filesystem::create_directories(place.folder);
            place.file = place.folder + "/" + file_name(asked.key());
            lock = platform::lock_file(folder_ + "/locks/" + std::to_string(lock_number(place.file)));
            stored = read(place);
        } catch (const std::exception &why) {
            return slk::store_failed{slk::trouble::not_applied, why.what()};
        }
        return work(place, stored);
    }

    // Whoever puts a file where there was none has flushed the folders above it before, and so each file that is there can
    // be found after a power cut, whoever made its folders.
    bool flush_way(const slk::request_view &asked) const {
        const bool is_server = asked.key_kind() == slk::key_kind::server;
        return (is_server || platform::flush_folder(folder_ + "/records")) && platform::flush_folder(folder_);
    }

    // The write is done, but a power cut may undo it.
    slk::store_failed in_doubt(const Place &place) {
        const auto why = failed(slk::trouble::unknown_outcome, "cannot flush", place.folder);
        in_doubt_ = true;
        return why;
    }

    // Whether no power cut can undo what is in a folder. A read decides what became of a write of unknown outcome, and
    // would say "written" of one that can still be undone.
    bool is_durable(const Place &place) const { return !in_doubt_ || platform::flush_folder(place.folder); }

    static std::optional<slk::found> read(const Place &place) {
        const auto content = platform::read_file(place.file);
        if (!content)
            return std::nullopt;
        const std::size_t line_end = content->find('\n');
        // A file that is not of this store may not be written over either.
        if (line_end == std::string::npos || content->compare(0, magic.size(), magic) != 0)
            throw std::runtime_error(place.file + " is no record of this store");
        return slk::found{content->substr(line_end + 1), content->substr(magic.size(), line_end - magic.size())};
    }

    static bool is_expected(const std::optional<slk::found> &stored, const slk::request_view &asked) {
        if (!stored || asked.must_be_missing())
            return !stored && asked.must_be_missing();
        return stored->version == asked.version();
    }

    const std::string folder_;
    const std::string opening_ = random_hex();
    std::atomic<std::uint64_t> written_{0};
    std::atomic<bool> in_doubt_{false}; // a folder could not be flushed after a write
};

} // namespace

slk::result<slk::store> open_file_store(const std::string &folder) {
    std::error_code error;
    std::filesystem::create_directories(folder + "/locks", error);
    if (error)
        return slk::failure{slk::result_code::store, folder + ": " + error.message()};
    const auto parent = std::filesystem::absolute(folder).lexically_normal().parent_path();
    if (!platform::flush_folder(parent.string()))
        return slk::failure{slk::result_code::store, parent.string() + ": cannot flush"};
    slk::store_options options;
    options.name = "files";
    options.threads = 4;
    options.max_key_bytes = max_key_bytes;
    return slk::store::create(std::make_shared<FileStore>(folder), options);
}

} // namespace game
