// platform.hpp for POSIX systems.
#ifndef _WIN32
#include "platform_sockets.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

namespace platform {
namespace {

volatile std::sig_atomic_t stop_was_requested = 0;

void request_stop(int) { stop_was_requested = 1; }

[[noreturn]] void fail(const std::string &what) { throw std::system_error(errno, std::generic_category(), what); }

#ifdef CLOCK_BOOTTIME
constexpr clockid_t steady_clock = CLOCK_BOOTTIME;
#else
constexpr clockid_t steady_clock = CLOCK_MONOTONIC;
#endif

} // namespace

void check(bool done, const char *what) {
    if (!done)
        fail(what);
}

void close_descriptor(Number number) noexcept { ::close(number); }

void close_socket(Number number) noexcept { ::close(number); }

void start() {
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    check(sigaction(SIGPIPE, &action, nullptr) == 0, "cannot ignore SIGPIPE");
    action.sa_handler = request_stop;
    check(sigaction(SIGINT, &action, nullptr) == 0 && sigaction(SIGTERM, &action, nullptr) == 0,
          "cannot take signals");
}

bool stop_requested() noexcept { return stop_was_requested != 0; }

Time now() {
    timespec time{};
    ::clock_gettime(steady_clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void sleep_until(Time when) {
    const Time pause = when - now();
    if (pause <= Time(0))
        return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause);
    const timespec time{static_cast<time_t>(seconds.count()), static_cast<long>((pause - seconds).count())};
    // A signal ends it early: the loop looks at the time by itself.
    ::nanosleep(&time, nullptr);
}

/* Sockets */

bool set_nonblocking(const Socket &socket) {
    const int flags = ::fcntl(socket.number(), F_GETFL);
    return flags >= 0 && ::fcntl(socket.number(), F_SETFL, flags | O_NONBLOCK) == 0;
}

bool set_on(const Socket &socket, int level, int option) {
    const int on = 1;
    return ::setsockopt(socket.number(), level, option, &on, sizeof on) == 0;
}

namespace {

std::optional<std::size_t> moved(ssize_t result) {
    if (result >= 0)
        return static_cast<std::size_t>(result);
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return later ? std::optional<std::size_t>(0) : std::nullopt;
}

} // namespace

std::optional<std::size_t> receive(const Socket &connection, char *buffer, std::size_t size) {
    const ssize_t result = ::recv(connection.number(), buffer, size, 0);
    return result == 0 ? std::nullopt : moved(result);
}

std::optional<std::size_t> send(const Socket &connection, std::string_view data) {
    return moved(::send(connection.number(), data.data(), data.size(), 0));
}

/* Files */

namespace {

bool write_all(const Descriptor &file, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(file.number(), content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

File File::append_to(const std::string &path) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!file.is_open())
        fail("cannot open " + path);
    return File(std::move(file));
}

void File::write(std::string_view line) { check(write_all(descriptor_, line), "cannot write the log"); }

Descriptor lock_file(const std::string &path) {
    // flock belongs to this one opening of the file, so it also excludes the other threads of this process.
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    while (file.is_open() && ::flock(file.number(), LOCK_EX) != 0)
        if (errno != EINTR)
            fail("cannot lock " + path);
    if (!file.is_open())
        fail("cannot open " + path);
    return file;
}

std::optional<std::string> read_file(const std::string &path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() && errno == ENOENT)
        return std::nullopt;
    if (!file.is_open())
        fail("cannot open " + path);
    std::string content;
    char block[65536];
    for (;;) {
        const ssize_t got = ::read(file.number(), block, sizeof block);
        if (got < 0 && errno != EINTR)
            fail("cannot read " + path);
        if (got == 0)
            return content;
        if (got > 0)
            content.append(block, static_cast<std::size_t>(got));
    }
}

// A new name in a folder survives a power cut only after the folder itself was flushed.
bool flush_folder(const std::string &folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
    return opened.is_open() && ::fsync(opened.number()) == 0;
}

Written write_file(const std::string &path, const std::string &temporary, const std::string &folder,
                   std::string_view content) {
    {
        const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (!file.is_open() || !write_all(file, content) || ::fsync(file.number()) != 0)
            return Written::not_done;
    }
    // Readers see the old content or the new one, never a part.
    if (::rename(temporary.c_str(), path.c_str()) != 0)
        return Written::not_done;
    return flush_folder(folder) ? Written::done : Written::nobody_knows;
}

Written remove_file(const std::string &path, const std::string &folder) {
    if (::unlink(path.c_str()) != 0)
        return Written::not_done;
    return flush_folder(folder) ? Written::done : Written::nobody_knows;
}

} // namespace platform
#endif
