// What the operating system says about this process, in the names that Prometheus dashboards know. Any thread.
#pragma once

#include <string>

namespace meridian {

// process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds and process_threads in the Prometheus text
// format; a figure that cannot be read is left out.
std::string RenderProcessStats();

}  // namespace meridian
