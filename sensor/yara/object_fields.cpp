#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {  // libyara's headers leave that out.
#include <yara/error.h>
#include <yara/object.h>

void* yr_malloc(std::size_t size);
}

namespace {

/// A member as yr_object_structure_set_member() below makes all of them. They live as long as their
/// structure.
struct Member {
    YR_STRUCTURE_MEMBER member;
    std::uint32_t hash;  ///< Of its name.
    Member* newer;       ///< The one that was added after it.
    Member* guess;       ///< In the newest: which one is asked for next, if in turn.
};

/// FNV-1a.
std::uint32_t hash_of(const char* name) {
    std::uint32_t hash = 2'166'136'261U;
    for (; *name != '\0'; ++name) hash = (hash ^ static_cast<std::uint8_t>(*name)) * 16'777'619U;
    return hash;
}

Member* ours(YR_STRUCTURE_MEMBER* member) {
    return reinterpret_cast<Member*>(member);
}

bool is(const Member& member, const char* name, std::uint32_t hash) {
    return member.hash == hash && std::strcmp(member.member.object->identifier, name) == 0;
}

}  // namespace

/// For every scan libyara builds the tree of objects of each imported module anew, and looks each
/// member up among all those before it, by strcmp(): once as it is added, for it must not be there
/// twice, and again as it gets its value. "pe" has hundreds: that was half of what it took to scan
/// a small file. The build makes libyara's two functions weak and links these in their place. They
/// do the same, but
/// - a member that is added is not looked for: the tables of the modules are libyara's own, and no
///   content adds to them;
/// - hashes are compared before names;
/// - the member added after the last one found is tried first: modules set what they have declared,
///   in the same order.
extern "C" {

YR_OBJECT* yr_object_lookup_field(YR_OBJECT* object, const char* field_name) {
    // As libyara asserts.
    if (object == nullptr || object->type != OBJECT_TYPE_STRUCTURE) std::abort();
    const std::uint32_t hash = hash_of(field_name);
    Member* newest = ours(object_as_structure(object)->members);
    if (newest == nullptr) return nullptr;
    Member* found = newest->guess;
    if (found == nullptr || !is(*found, field_name, hash)) {
        found = newest;
        while (found != nullptr && !is(*found, field_name, hash)) found = ours(found->member.next);
    }
    if (found == nullptr) return nullptr;
    newest->guess = found->newer;
    return found->member.object;
}

int yr_object_structure_set_member(YR_OBJECT* object, YR_OBJECT* member) {
    if (object->type != OBJECT_TYPE_STRUCTURE) std::abort();
    auto* added = static_cast<Member*>(yr_malloc(sizeof(Member)));
    if (added == nullptr) return ERROR_INSUFFICIENT_MEMORY;
    YR_OBJECT_STRUCTURE* structure = object_as_structure(object);
    if (structure->members != nullptr) ours(structure->members)->newer = added;
    member->parent = object;
    *added = {{member, structure->members}, hash_of(member->identifier), nullptr, nullptr};
    structure->members = &added->member;
    return ERROR_SUCCESS;
}

}  // extern "C"
