#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "validator/generate/dictionary.hpp"

namespace firebreak::validator {

/// Makes the next input of a fuzzing run out of what was interesting before. Whatever it does
/// follows from the generator of numbers, the dictionary and the corpus alone.
class Mutator {
public:
    virtual ~Mutator() = default;

    /// @param corpus  Inputs made before; may be empty.
    /// @returns an input of at most the mutator's largest size.
    virtual Bytes next(Random& random, const std::vector<Bytes>& corpus) const = 0;

    /// Whether bytes that come from elsewhere can be part of a corpus.
    virtual bool takes(ByteView input) const = 0;
};

/// Files: the strings of rules behind the header of an executable, near misses of them, integers at
/// their boundaries, pieces of other inputs, and plain damage.
/// Tests: tests/unit/validator/mutator_test.cpp.
class FileMutator final : public Mutator {
public:
    /// @param dictionary  Must outlive the mutator.
    FileMutator(const Dictionary& dictionary, std::size_t bytes_max)
        : dictionary_(dictionary), bytes_max_(bytes_max) {}

    Bytes next(Random& random, const std::vector<Bytes>& corpus) const override;
    bool takes(ByteView input) const override { return input.size() <= bytes_max_; }

private:
    Bytes fresh(Random& random) const;
    void change(Random& random, const std::vector<Bytes>& corpus, Bytes& input) const;
    void put_word(Random& random, Bytes& input) const;

    const Dictionary& dictionary_;
    std::size_t bytes_max_;
};

/// What a field of an event holds: nothing, a truth value, an integer, or text of any bytes.
using FieldValue = std::variant<std::monostate, bool, std::int64_t, Bytes>;

/// An event by position (validator/sandbox/event_input.hpp).
struct EventShape {
    std::string contract;
    std::vector<FieldValue> values;
    /// How many fields there are, where that is not the build's number (event_input.hpp).
    std::optional<std::int64_t> fields{};

    Bytes document() const;

    /// @returns nothing when it is not such an event.
    static std::optional<EventShape> of(ByteView document);

    friend bool operator==(const EventShape&, const EventShape&) = default;
};

/// A field that a build supplies.
struct SuppliedField {
    std::string name;
    std::string type;  ///< "text", "integer", "boolean", "bytes"; anything else is taken as text.
};

struct SuppliedFields {
    std::string contract;
    std::vector<SuppliedField> fields;
};

/// Events, field by field: what rules ask of a field, and of all of a rule's fields at once, near
/// misses, boundaries, wrong types, nothing at all.
/// Tests: tests/unit/validator/mutator_test.cpp.
class EventMutator final : public Mutator {
public:
    /// @param dictionary, contracts  Must outlive the mutator. @pre there is a contract, and each
    ///                               has a field.
    EventMutator(const Dictionary& dictionary, const std::vector<SuppliedFields>& contracts,
                 std::size_t bytes_max);

    Bytes next(Random& random, const std::vector<Bytes>& corpus) const override;
    bool takes(ByteView input) const override;

private:
    /// A wish with the number of its field, for one contract.
    struct Aim {
        std::size_t field;
        const FieldWish* wish;
    };
    struct Target {
        const SuppliedFields* fields;
        std::vector<std::vector<Aim>> aims;
    };

    EventShape fresh(Random& random, const Target& target) const;
    void change(Random& random, const Target& target, EventShape& event) const;
    FieldValue value(Random& random, const SuppliedField& field) const;
    static FieldValue granted(Random& random, const Aim& aim);
    const Target& target_of(Random& random, const EventShape& event) const;

    const Dictionary& dictionary_;
    std::vector<Target> targets_;
    std::size_t bytes_max_;
};

}  // namespace firebreak::validator
