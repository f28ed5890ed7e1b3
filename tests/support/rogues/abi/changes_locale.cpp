#include <clocale>

#include "tests/support/rogues/rogue.hpp"

namespace {

__attribute__((constructor)) void change() {
    std::setlocale(LC_ALL, "C.UTF-8");
}

}  // namespace

FIREBREAK_ROGUE_EXPORT(rogue::kGoodEngine)
