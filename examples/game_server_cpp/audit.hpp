// The audit log: what this server was told and did, line by line, for a checker that looks for broken promises after the
// process was killed.
//
//     <nanoseconds> <what> <player> <name> <value> <name> <value> ...
//
// Times are of the machine's steady clock, so the logs of several processes can be compared. Each line has left the
// process before the caller goes on, so a killed process has logged whatever it acted on.
#ifndef GAME_AUDIT_HPP
#define GAME_AUDIT_HPP

#include "platform.hpp"
#include "words.hpp"

namespace game {

class Audit {
public:
    // Without a path nothing is logged.
    explicit Audit(const std::string &path) {
        if (!path.empty())
            file_ = platform::File::append_to(path);
    }

    template <class... Words>
    void line(const Words &...words) {
        line_at(platform::now(), words...);
    }

    template <class... Words>
    void line_at(platform::Time time, const Words &...words) {
        if (file_.is_open())
            file_.write(sentence(time.count(), words...) + "\n");
    }

private:
    platform::File file_;
};

} // namespace game

#endif
