#include "client/platform/memory.hpp"

#include <features.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace firebreak::client {

void give_back_memory() {
#if defined(__GLIBC__)
    ::malloc_trim(0);
#endif
}

}  // namespace firebreak::client
