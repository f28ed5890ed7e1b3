#pragma once

#include "server/http/router.hpp"
#include "server/routes/service.hpp"

namespace firebreak::server {

/// The whole API of docs/api.md.
///
/// @param service  Must outlive the router.
void add_routes(Router& router, Service& service);

// One file each; add_routes calls them all.
void add_repository_routes(Router& router, Service& service);  ///< /tuf
void add_probe_routes(Router& router, Service& service);       ///< /healthz, /readyz, /metrics
void add_device_routes(Router& router, Service& service);      ///< /v1/enrol, /v1/reports
void add_upload_routes(Router& router, Service& service);      ///< /v1/bundles, /v1/attestations
void add_release_routes(Router& router, Service& service);     ///< /v1/releases, /v1/content-role
void add_rollout_routes(Router& router, Service& service);     ///< /v1/rollouts
void add_drill_routes(Router& router, Service& service);       ///< /v1/drill
void add_fleet_routes(Router& router, Service& service);       ///< /v1/fleet, /v1/census
void add_token_routes(Router& router, Service& service);       ///< tokens, /v1/whoami
void add_log_routes(Router& router, Service& service);         ///< /v1/log

/// Adds `route` with its answers counted in the metrics.
void add_counted(Router& router, Service& service, Route route);

}  // namespace firebreak::server
