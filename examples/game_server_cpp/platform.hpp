// Everything that differs between operating systems: sockets, time, signals, files. A port to another system is another
// platform.cpp. What fails throws std::system_error, unless it says otherwise.
#ifndef GAME_PLATFORM_HPP
#define GAME_PLATFORM_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace platform {

// A descriptor that is closed when its owner goes.
class Descriptor {
public:
    Descriptor() noexcept = default;
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(Descriptor &&other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor();

    int number() const noexcept { return number_; }
    bool is_open() const noexcept { return number_ >= 0; }

private:
    int number_ = -1;
};

// Once, before anything else: makes a broken connection an error instead of a signal, and SIGINT and SIGTERM a request
// that stop_requested() tells of.
void start();
bool stop_requested() noexcept;

// The machine's steady clock, the same for all processes, suspended time included.
using Time = std::chrono::nanoseconds;
Time now();
void sleep_until(Time when);

/* Sockets, none of which blocks */

struct Listener {
    Descriptor socket;
    std::uint16_t port = 0;
};
// Listens on this machine only. Port 0 lets the system choose.
Listener listen(std::uint16_t port);
// A waiting connection, if there is one.
std::optional<Descriptor> accept(const Descriptor &listener);
// Bytes moved; none: the connection is over.
std::optional<std::size_t> receive(const Descriptor &connection, char *buffer, std::size_t size);
std::optional<std::size_t> send(const Descriptor &connection, std::string_view data);

/* Files */

class File {
public:
    File() noexcept = default;
    static File append_to(const std::string &path);
    bool is_open() const noexcept { return descriptor_.is_open(); }
    // In one system call, so that a line is never torn.
    void write(std::string_view line);

private:
    explicit File(Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}
    Descriptor descriptor_;
};

// A lock that excludes other threads and other processes until it is destroyed, and that ends with its process however
// that ends.
Descriptor lock_file(const std::string &path);

// Nothing if there is no such file.
std::optional<std::string> read_file(const std::string &path);

// What became of a change on the disk.
enum class Written { done, not_done, nobody_knows };

// Makes the names in a folder survive a power cut.
bool flush_folder(const std::string &folder);
// Makes `path` have this content and survive a power cut. `temporary` is a name in the same folder. `errno` says why it
// failed.
Written write_file(const std::string &path, const std::string &temporary, const std::string &folder,
                   std::string_view content);
Written remove_file(const std::string &path, const std::string &folder);

} // namespace platform

#endif
