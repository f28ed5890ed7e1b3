#include "sensor/yara/memory.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

/// libyara calls yr_malloc and its kin for everything but its lexers' buffers. The build leaves
/// libyara's own (mem.c, thin wraps of malloc) out of the engine and links these: so the engine
/// keeps a memory limit instead of promising one, and a host can make any allocation fail.
extern "C" {
void* yr_malloc(std::size_t size);
void* yr_calloc(std::size_t count, std::size_t size);
void* yr_realloc(void* block, std::size_t size);
void yr_free(void* block);
char* yr_strdup(const char* text);
char* yr_strndup(const char* text, std::size_t length_max);
int yr_heap_alloc();
int yr_heap_free();
}

namespace firebreak::yara {
namespace {

/// Stands before each block; keeps the block's own alignment at 16. What is on no account belongs
/// to the library itself, lives as long as the engine, and always comes from the C library.
struct alignas(16) Header {
    std::uint64_t marked_bytes;  // With kGraceMark where the block is one of grace.
    MemoryAccount* account;

    static constexpr std::uint64_t kGraceMark = std::uint64_t{1} << 63U;
    std::uint64_t bytes() const { return marked_bytes & ~kGraceMark; }
    bool grace() const { return (marked_bytes & kGraceMark) != 0; }
};

/// libyara 4 checks its large allocations and follows the null pointer of some small ones
/// (automaton nodes, hash tables, the lexer). So a small block that was refused, by the limit or by
/// the host's allocator, is given all the same, from the C library and up to this much; the account
/// remembers the refusal, and the load or the scan ends with FB_LIMIT instead of a crash.
constexpr std::uint64_t kGraceBlockBytesMax = 4096;
constexpr std::uint64_t kGraceBytesMax = 16U << 20U;

void* c_allocate(void*, std::size_t bytes) {
    return std::malloc(bytes);
}
void* c_reallocate(void*, void* block, std::size_t bytes) {
    return std::realloc(block, bytes);
}
void c_release(void*, void* block) {
    std::free(block);
}

constexpr fb_allocator kCLibrary = {sizeof(fb_allocator), 0,         nullptr, &c_allocate,
                                    &c_reallocate,        &c_release};

fb_allocator chosen = kCLibrary;
MemoryAccount* active = nullptr;
std::uint64_t booked_blocks = 0;

const fb_allocator& allocator_of(const MemoryAccount* account) {
    return account != nullptr ? chosen : kCLibrary;
}

/// Books a change from `old_bytes` to `new_bytes`, unless it goes over the account's limit.
bool book(MemoryAccount* account, std::uint64_t old_bytes, std::uint64_t new_bytes) {
    if (account == nullptr) return true;
    const std::uint64_t others = account->bytes - old_bytes;
    const bool fits = account->bytes_max == 0 ||
                      (new_bytes <= account->bytes_max && others <= account->bytes_max - new_bytes);
    if (!fits) {
        account->refused = true;
        return false;
    }
    account->bytes = others + new_bytes;
    return true;
}

void* allocate_grace(MemoryAccount* account, std::size_t bytes) {
    if (account == nullptr) return nullptr;
    account->refused = true;
    if (bytes > kGraceBlockBytesMax || account->grace_bytes + bytes > kGraceBytesMax)
        return nullptr;
    void* memory = std::malloc(bytes + sizeof(Header));
    if (memory == nullptr) return nullptr;
    account->grace_bytes += bytes;
    ++booked_blocks;
    return new (memory) Header{bytes | Header::kGraceMark, account} + 1;
}

void* allocate(std::size_t bytes) {
    if (bytes > SIZE_MAX / 2 - sizeof(Header)) return nullptr;
    if (!book(active, 0, bytes)) return allocate_grace(active, bytes);
    const fb_allocator& allocator = allocator_of(active);
    void* memory = allocator.allocate(allocator.user, bytes + sizeof(Header));
    if (memory == nullptr) {
        if (active != nullptr) active->bytes -= bytes;
        return allocate_grace(active, bytes);
    }
    auto* header = new (memory) Header{bytes, active};
    if (active != nullptr) ++booked_blocks;
    return header + 1;
}

/// By hand, where the block or its new place is of grace.
void* move_block(Header* header, std::size_t bytes) {
    MemoryAccount* const before = active;
    active = header->account;
    void* moved = allocate(bytes);
    active = before;
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, header + 1, header->bytes() < bytes ? header->bytes() : bytes);
    yr_free(header + 1);
    return moved;
}

}  // namespace

AccountScope::AccountScope(MemoryAccount& account) noexcept {
    account.refused = false;
    active = &account;
}

AccountScope::~AccountScope() {
    active = nullptr;
}

bool use_allocator(const fb_allocator* replacement) noexcept {
    if (booked_blocks != 0) return false;
    chosen = replacement != nullptr ? *replacement : kCLibrary;
    return true;
}

}  // namespace firebreak::yara

using firebreak::yara::allocator_of;
using firebreak::yara::book;
using firebreak::yara::booked_blocks;
using firebreak::yara::Header;
using firebreak::yara::MemoryAccount;

void* yr_malloc(std::size_t size) {
    return firebreak::yara::allocate(size);
}

void* yr_calloc(std::size_t count, std::size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return nullptr;
    void* block = yr_malloc(count * size);
    if (block != nullptr) std::memset(block, 0, count * size);
    return block;
}

void* yr_realloc(void* block, std::size_t size) {
    if (block == nullptr) return yr_malloc(size);
    auto* header = static_cast<Header*>(block) - 1;
    const std::uint64_t old_bytes = header->bytes();
    MemoryAccount* account = header->account;
    if (size > SIZE_MAX / 2 - sizeof(Header)) return nullptr;
    if (header->grace()) return firebreak::yara::move_block(header, size);
    if (!book(account, old_bytes, size)) return firebreak::yara::move_block(header, size);
    const fb_allocator& allocator = allocator_of(account);
    void* memory = allocator.reallocate(allocator.user, header, size + sizeof(Header));
    if (memory == nullptr) {
        if (account != nullptr) {
            account->bytes = account->bytes - size + old_bytes;
            account->refused = true;
        }
        return firebreak::yara::move_block(header, size);
    }
    header = static_cast<Header*>(memory);
    header->marked_bytes = size;
    return header + 1;
}

void yr_free(void* block) {
    if (block == nullptr) return;
    auto* header = static_cast<Header*>(block) - 1;
    if (header->account != nullptr) --booked_blocks;
    if (header->grace()) {
        header->account->grace_bytes -= header->bytes();
        std::free(header);
        return;
    }
    const fb_allocator& allocator = allocator_of(header->account);
    if (header->account != nullptr) header->account->bytes -= header->bytes();
    allocator.release(allocator.user, header);
}

char* yr_strdup(const char* text) {
    return yr_strndup(text, SIZE_MAX - 1);
}

char* yr_strndup(const char* text, std::size_t length_max) {
    const std::size_t length = strnlen(text, length_max);
    auto* copy = static_cast<char*>(yr_malloc(length + 1));
    if (copy == nullptr) return nullptr;
    std::memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

int yr_heap_alloc() {
    return 0;  // ERROR_SUCCESS: nothing to prepare.
}

int yr_heap_free() {
    return 0;
}
