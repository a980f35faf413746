// What the value of an option must be, beyond its type: given to CommandLine::Must. They look at files, and open and
// make none. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"

namespace meridian {

// "" for a value that keeps the rule; else what it must be: "must be 1 to 3650, not 0".
using OptionRule = std::function<std::string(const std::string& value)>;

namespace rules {

OptionRule Between(int64_t least, int64_t most);
OptionRule Between(Duration least, Duration most);
OptionRule OneOf(std::vector<std::string> values);
// Can be read.
OptionRule File();
// Is there.
OptionRule Folder();
// Is there, or does not exist yet.
OptionRule FolderOrNothing();
// Its folder is there.
OptionRule FileToWrite();
// An IPv4 or IPv6 address, not a name.
OptionRule IpAddress();
// A name or an address, without a port.
OptionRule Host();
// "host:port", with a port that is not 0.
OptionRule HostAndPort();
// The same, or the path of a socket.
OptionRule HostAndPortOrSocket();
// As regions are named.
OptionRule Region();

}  // namespace rules

class OptionProblems;

// Of the options NAME-ca, NAME-certificate and NAME-key, each a PEM file or empty: a certificate has its key, which
// fits, and authorities beside it.
void CheckTlsOptions(OptionProblems& problems, const std::string& name);
// The PEM file that the option `flag` names holds a certificate, and that of `key` its key.
void CheckCertificateOption(OptionProblems& problems, const std::string& flag, const std::string& certificate,
                            const std::string& key);

}  // namespace meridian
