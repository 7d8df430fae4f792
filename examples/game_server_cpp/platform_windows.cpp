// platform.hpp for Windows. It needs ws2_32.
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX

#include "platform_sockets.hpp"

#include <windows.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <system_error>

namespace platform {
namespace {

std::atomic<bool> stop_was_requested{false};

BOOL WINAPI request_stop(DWORD) {
    stop_was_requested = true;
    return TRUE;
}

[[noreturn]] void fail(DWORD error, const std::string &what) {
    throw std::system_error(static_cast<int>(error), std::system_category(), what);
}

// Callers of functions that do not throw read errno, which Windows' own functions leave alone.
void set_errno(DWORD error) {
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: errno = ENOENT; break;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION: errno = EACCES; break;
    case ERROR_DISK_FULL: errno = ENOSPC; break;
    default: errno = EIO;
    }
}

HANDLE handle_of(const Descriptor &file) { return reinterpret_cast<HANDLE>(file.number()); }

int at_most(std::size_t size) { return static_cast<int>(std::min(size, static_cast<std::size_t>(INT_MAX))); }

} // namespace

void check(bool done, const char *what) {
    if (!done)
        fail(GetLastError(), what);
}

void close_descriptor(Number number) noexcept { ::CloseHandle(reinterpret_cast<HANDLE>(number)); }

void close_socket(Number number) noexcept { ::closesocket(number); }

void start() {
    WSADATA sockets;
    const int failed = ::WSAStartup(MAKEWORD(2, 2), &sockets);
    if (failed != 0)
        fail(static_cast<DWORD>(failed), "cannot use sockets");
    check(::SetConsoleCtrlHandler(request_stop, TRUE) != 0, "cannot take signals");
}

bool stop_requested() noexcept { return stop_was_requested; }

// Counts suspended time, as the library's own clock does; its steps are of 10 to 16 milliseconds.
Time now() { return std::chrono::milliseconds(::GetTickCount64()); }

void sleep_until(Time when) {
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(when - now());
    if (pause.count() > 0)
        ::Sleep(static_cast<DWORD>(pause.count()));
}

/* Sockets */

bool set_nonblocking(const Socket &socket) {
    u_long on = 1;
    return ::ioctlsocket(socket.number(), static_cast<long>(FIONBIO), &on) == 0;
}

bool set_on(const Socket &socket, int level, int option) {
    const BOOL on = TRUE;
    return ::setsockopt(socket.number(), level, option, reinterpret_cast<const char *>(&on), sizeof on) == 0;
}

namespace {

std::optional<std::size_t> moved(int result) {
    if (result >= 0)
        return static_cast<std::size_t>(result);
    return ::WSAGetLastError() == WSAEWOULDBLOCK ? std::optional<std::size_t>(0) : std::nullopt;
}

} // namespace

std::optional<std::size_t> receive(const Socket &connection, char *buffer, std::size_t size) {
    const int result = ::recv(connection.number(), buffer, at_most(size), 0);
    return result == 0 ? std::nullopt : moved(result);
}

std::optional<std::size_t> send(const Socket &connection, std::string_view data) {
    return moved(::send(connection.number(), data.data(), at_most(data.size()), 0));
}

/* Files */

namespace {

// Others may replace or remove the file while it is open.
Descriptor open_file(const std::string &path, DWORD access, DWORD disposition) {
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const HANDLE file =
        ::CreateFileA(path.c_str(), access, share, nullptr, disposition, FILE_ATTRIBUTE_NORMAL, nullptr);
    return Descriptor(reinterpret_cast<Number>(file));
}

bool write_all(const Descriptor &file, std::string_view content) {
    while (!content.empty()) {
        DWORD written = 0;
        const auto size = static_cast<DWORD>(at_most(content.size()));
        if (!::WriteFile(handle_of(file), content.data(), size, &written, nullptr) || written == 0)
            return false;
        content.remove_prefix(written);
    }
    return true;
}

} // namespace

File File::append_to(const std::string &path) {
    Descriptor file = open_file(path, FILE_APPEND_DATA, OPEN_ALWAYS);
    if (!file.is_open())
        fail(GetLastError(), "cannot open " + path);
    return File(std::move(file));
}

void File::write(std::string_view line) { check(write_all(descriptor_, line), "cannot write the log"); }

Descriptor lock_file(const std::string &path) {
    // The lock belongs to this one opening of the file, so it also excludes the other threads of this process, and goes
    // with it.
    Descriptor file = open_file(path, GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS);
    if (!file.is_open())
        fail(GetLastError(), "cannot open " + path);
    OVERLAPPED place{};
    if (!::LockFileEx(handle_of(file), LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &place))
        fail(GetLastError(), "cannot lock " + path);
    return file;
}

std::optional<std::string> read_file(const std::string &path) {
    const Descriptor file = open_file(path, GENERIC_READ, OPEN_EXISTING);
    const DWORD error = file.is_open() ? 0 : ::GetLastError();
    if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND)
        return std::nullopt;
    if (error != 0)
        fail(error, "cannot open " + path);
    std::string content;
    char block[65536];
    for (DWORD got = 0;; content.append(block, got)) {
        if (!::ReadFile(handle_of(file), block, sizeof block, &got, nullptr))
            fail(GetLastError(), "cannot read " + path);
        if (got == 0)
            return content;
    }
}

// There is no way to flush a folder; write_file has the new name written through instead.
bool flush_folder(const std::string &) { return true; }

Written write_file(const std::string &path, const std::string &temporary, const std::string &, std::string_view content) {
    {
        const Descriptor file = open_file(temporary, GENERIC_WRITE, CREATE_ALWAYS);
        if (!file.is_open() || !write_all(file, content) || !::FlushFileBuffers(handle_of(file))) {
            set_errno(GetLastError());
            return Written::not_done;
        }
    }
    // Readers see the old content or the new one, never a part.
    if (::MoveFileExA(temporary.c_str(), path.c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        return Written::done;
    set_errno(GetLastError());
    return Written::not_done;
}

Written remove_file(const std::string &path, const std::string &) {
    if (::DeleteFileA(path.c_str()))
        return Written::done;
    set_errno(GetLastError());
    return Written::not_done;
}

} // namespace platform
#endif
