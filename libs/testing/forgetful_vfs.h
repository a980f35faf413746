// A SQLite VFS over the system's that keeps what was written and not yet synced apart, and forgets it at a power cut:
// what kill -9 cannot show, because the page cache outlives a process. Also fails writes and syncs on demand and counts
// syncs.
//
// Every file's current contents are held in memory; the real file has only what was synced. The shared-memory file of
// the WAL index and all locks are the system's own. The making and removing of a file is durable at once, and a
// temporary file without a name is the system's.
//
// Registered with SQLite while it lives: make it before the first connection, close all connections before it goes.
// Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace meridian::testing {

enum class WriteFault {
  kNone,
  kFull,      // SQLITE_FULL, as the system's VFS says for ENOSPC
  kReadOnly,  // SQLITE_IOERR_WRITE with EROFS
  kIoError,   // SQLITE_IOERR_WRITE with EIO
};

class ForgetfulVfs {
 public:
  // `as_default`: for every connection of the process that names no other.
  explicit ForgetfulVfs(std::string name, bool as_default = false);
  ~ForgetfulVfs();
  ForgetfulVfs(const ForgetfulVfs&) = delete;
  ForgetfulVfs& operator=(const ForgetfulVfs&) = delete;

  const std::string& name() const;

  // Forgets every write that was not synced. Until PowerOn all that is asked of a file fails.
  void CutPower();
  // The same, but of each file a prefix of the unsynced writes reached the disk, the last of them perhaps in part.
  void CutPowerTorn(uint64_t seed);
  // Cuts the power at the n-th write or sync from now, before it is done; 1 is the next. With `torn` as CutPowerTorn.
  void CutPowerAt(int64_t operation, bool torn, uint64_t seed);
  void PowerOn();
  bool powered() const;

  // Writes fail from now on until kNone.
  void FailWrites(WriteFault fault);
  // Syncs fail from now on with EIO; what they should have synced stays unsynced.
  void FailSyncs(bool fail);
  // Each sync takes so long from now on, and what it syncs is durable at its end; zero at first. A real disk takes 0.1
  // ms to 10 ms; at zero nothing can be answered before it is durable that is not durable a moment later.
  void TakeTimeToSync(std::chrono::microseconds time);

  int64_t syncs() const;

 private:
  friend struct ForgetfulFile;
  class Disk;

  const std::unique_ptr<Disk> disk_;
};

}  // namespace meridian::testing
