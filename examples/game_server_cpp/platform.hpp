// Everything that differs between operating systems: sockets, time, signals, files. platform.cpp is for POSIX systems,
// platform_windows.cpp for Windows, platform_sockets.cpp for both. What fails throws std::system_error, unless it says
// otherwise.
#ifndef GAME_PLATFORM_HPP
#define GAME_PLATFORM_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace platform {

#ifdef _WIN32
using Number = std::uintptr_t; // a HANDLE or a SOCKET
#else
using Number = int;
#endif

void close_descriptor(Number number) noexcept;
void close_socket(Number number) noexcept; // the same, but on Windows

// What the system opened, and closes when its owner goes.
template <void (*close)(Number) noexcept>
class Owned {
public:
    Owned() noexcept = default;
    explicit Owned(Number number) noexcept : number_(number) {}
    Owned(Owned &&other) noexcept : number_(std::exchange(other.number_, none)) {}
    Owned &operator=(Owned &&other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Owned() {
        if (is_open())
            close(number_);
    }

    Number number() const noexcept { return number_; }
    bool is_open() const noexcept { return number_ != none; }

private:
    static constexpr Number none = static_cast<Number>(-1);
    Number number_ = none;
};

using Descriptor = Owned<close_descriptor>;
using Socket = Owned<close_socket>;

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
    Socket socket;
    std::uint16_t port = 0;
};
// Listens on this machine only. Port 0 lets the system choose.
Listener listen(std::uint16_t port);
// A waiting connection, if there is one.
std::optional<Socket> accept(const Socket &listener);
// Bytes moved; none: the connection is over.
std::optional<std::size_t> receive(const Socket &connection, char *buffer, std::size_t size);
std::optional<std::size_t> send(const Socket &connection, std::string_view data);

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
