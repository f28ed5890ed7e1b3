#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/file_store.hpp"
#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "core/base/secret.hpp"
#include "core/trust/key.hpp"
#include "server/access/placement.hpp"
#include "server/access/token.hpp"
#include "server/http/blocking.hpp"
#include "server/repository/repository.hpp"
#include "server/rollout/driver.hpp"
#include "server/rollout/report_queue.hpp"
#include "server/rollout/ring_roster.hpp"
#include "server/routes/metrics.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

struct ServiceSettings {
    std::filesystem::path blobs;       ///< Uploaded files, by digest.
    std::filesystem::path repository;  ///< Holds metadata/ and targets/.
    std::vector<trust::Key> validators;
    std::chrono::seconds device_active{604'800};
    std::uint64_t bundle_bytes_max = 256U << 20U;
    PlacementRules placement{};
    bool lab_plans = false;  ///< Whether plans of velocity lab are taken.
};

/// What the service uses and does not own; all of it must outlive the service.
struct ServiceParts {
    Store& store;            ///< On the controller alone.
    Repository& repository;  ///< Likewise, but for stage().
    Driver& driver;          ///< Likewise.
    FileStore& files;
    const Clock& clock;
    Random& random;  ///< From any thread.
    const Log& log;
    const SecretBytes& mac_secret;  ///< Device MAC keys are derived from it.
    /// One thread: owner of store, repository and driver.
    boost::asio::any_io_executor controller;
    boost::asio::any_io_executor workers;  ///< For argon2, hashing and files.
};

/// What every route works with.
struct Service {
    Service(ServiceParts service_parts, ServiceSettings service_settings)
        : parts(service_parts),
          settings(std::move(service_settings)),
          reports(service_parts.driver, service_parts.controller) {}

    ServiceParts parts;
    ServiceSettings settings;
    ReportQueue reports;
    VerifiedTokens verified;
    RingRoster rings;  ///< On the controller alone.
    Metrics metrics;

    /// Runs `work` where store, repository and driver may be used. Awaited at once, `work` may
    /// refer
    /// to the caller's locals.
    template <class Work>
    auto on_controller(Work work) {
        return run_blocking(parts.controller, std::move(work));
    }
    /// Runs `work`, which blocks and uses none of them.
    template <class Work>
    auto on_worker(Work work) {
        return run_blocking(parts.workers, std::move(work));
    }

    /// One beat of the controller: advances the driver and notes how things stand.
    /// @pre called on the controller.
    void tick();
};

}  // namespace firebreak::server
