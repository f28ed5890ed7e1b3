#pragma once

#include <map>
#include <string>

#include "tests/simulation/dice.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/timeline.hpp"
#include "tests/simulation/truth.hpp"

namespace firebreak::simulation {

/// Who has stolen the online key, with which timestamp, snapshot and rollout are signed, and none
/// of the offline ones.
///
/// He stays within reach of the vendor: of what agents keep he signs no version that the vendor
/// does not come to after the next release. With a higher one he would stop them (TUF, 1.5.2:
/// fast-forward) until there is a root with another online key, and the server cannot take one.
class Thief {
public:
    /// Bodies by path below /tuf/.
    using Files = std::map<std::string, std::string>;

    Thief(const Timeline& timeline, Truth& truth, std::uint64_t seed)
        : timeline_(timeline), truth_(truth), dice_(seed) {}

    bool has_offline_keys = false;    ///< A planted bug.
    bool wants_content_only = false;  ///< Of his own, and nothing else.

    /// Files that say what he wants, to stand before those on `disk`, the vendor's repository.
    /// Empty as long as there is nothing to go by.
    Files forge(const Disk& disk);
    /// What the last forgery is about: for the trace.
    const std::string& intent() const { return intent_; }

private:
    struct Forgery;

    void change_shares(Forgery& forgery);
    void recall(Forgery& forgery);
    void name_older(Forgery& forgery);
    void name_other(Forgery& forgery);
    void make_content(Forgery& forgery);
    void delegate_content(Forgery& forgery);
    void name_old(const Disk& disk, Forgery& forgery);
    void overreach(const Disk& disk, Forgery& forgery);
    void sign_rollout(Forgery& forgery);
    void sign_snapshot(Forgery& forgery);
    void sign_timestamp(Forgery& forgery);

    const Timeline& timeline_;
    Truth& truth_;
    Dice dice_;
    std::string intent_;
};

}  // namespace firebreak::simulation
