// meridianctl apply, diff, schema: the tenant file and the configuration in force. One thread; each returns the exit
// code.
#pragma once

#include <string>

#include "services/meridianctl/connection.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {

struct ApplyOptions {
  std::string file;
  bool dry_run = false;  // check, here and on the server, and publish nothing
};

// Checks the file here first, so that most mistakes need no server; a token made here is for the file's tenant.
int Apply(ConnectionOptions connection, const ApplyOptions& options, const Console& console);
// 0 when the file says what is in force, 1 when it differs.
int Diff(ConnectionOptions connection, const std::string& file, const Console& console);
// Prints the JSON Schema of tenant files.
int Schema(const Console& console);

}  // namespace meridian::ctl
