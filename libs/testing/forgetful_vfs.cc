#include "libs/testing/forgetful_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/uuid.h"

namespace meridian::testing {
namespace {

// One write, or a truncation to `offset`.
struct Change {
  bool truncates = false;
  int64_t offset = 0;
  std::string bytes;
};

struct FileState {
  std::string contents;          // as the processes see it
  std::vector<Change> unsynced;  // what the real file does not have yet
};

void ApplyTo(std::string& contents, const Change& change) {
  const auto offset = static_cast<size_t>(change.offset);
  if (change.truncates) {
    if (contents.size() > offset) contents.resize(offset);
    return;
  }
  if (contents.size() < offset + change.bytes.size()) contents.resize(offset + change.bytes.size());
  std::memcpy(contents.data() + offset, change.bytes.data(), change.bytes.size());
}

}  // namespace

// Everything the files share; one lock, because tests need no speed here.
class ForgetfulVfs::Disk {
 public:
  Disk(std::string name, bool as_default);
  ~Disk() { sqlite3_vfs_unregister(&vfs_); }

  sqlite3_vfs* system() const { return system_; }
  static Disk& Of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

  int Open(const std::string& path, sqlite3_file* real);
  int Read(const std::string& path, void* buffer, int amount, int64_t offset);
  int Write(const std::string& path, Change change);
  int Sync(const std::string& path, sqlite3_file* real, int flags);
  int Size(const std::string& path, int64_t* size);
  int Delete(const std::string& path, int sync_folder);
  int Exists(const std::string& path, int* exists);
  int LastError() {
    std::lock_guard lock(mutex_);
    return last_error_;
  }

  void CutPower(bool torn, uint64_t seed) {
    std::lock_guard lock(mutex_);
    Cut(torn, seed);
  }

  const std::string name_;
  mutable std::mutex mutex_;
  bool powered_ = true;
  WriteFault write_fault_ = WriteFault::kNone;
  bool fail_syncs_ = false;
  std::atomic<std::chrono::microseconds> sync_time_{};
  int64_t syncs_ = 0;
  int64_t cut_in_ = 0;  // operations until the power is cut; 0: never
  bool cut_torn_ = false;
  uint64_t cut_seed_ = 0;

 private:
  void Cut(bool torn, uint64_t seed);
  // Counts an operation towards the planned cut; false when the power is off.
  bool Powered();
  int Fail(int code, int error) {
    last_error_ = error;
    return code;
  }

  sqlite3_vfs* const system_;
  sqlite3_vfs vfs_;
  std::map<std::string, FileState> files_;
  int last_error_ = 0;
};

// What SQLite sees of an open file. The system's own file follows it in memory.
struct ForgetfulFile {
  sqlite3_file base;
  ForgetfulVfs::Disk* disk;
  std::string* path;  // nullptr: not kept apart, all is the system's

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static ForgetfulFile& Of(sqlite3_file* file) { return *reinterpret_cast<ForgetfulFile*>(file); }

  static int Close(sqlite3_file* file) {
    ForgetfulFile& self = Of(file);
    delete std::exchange(self.path, nullptr);
    return self.real()->pMethods->xClose(self.real());
  }
  static int Read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
    return Of(file).disk->Read(*Of(file).path, buffer, amount, offset);
  }
  static int Write(sqlite3_file* file, const void* bytes, int amount, sqlite3_int64 offset) {
    const auto* text = static_cast<const char*>(bytes);
    return Of(file).disk->Write(*Of(file).path, {false, offset, std::string(text, static_cast<size_t>(amount))});
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    return Of(file).disk->Write(*Of(file).path, {true, size, {}});
  }
  static int Sync(sqlite3_file* file, int flags) { return Of(file).disk->Sync(*Of(file).path, Of(file).real(), flags); }
  static int Size(sqlite3_file* file, sqlite3_int64* size) {
    int64_t bytes = 0;
    const int code = Of(file).disk->Size(*Of(file).path, &bytes);
    *size = bytes;
    return code;
  }
  static int Lock(sqlite3_file* file, int level) { return Of(file).real()->pMethods->xLock(Of(file).real(), level); }
  static int Unlock(sqlite3_file* file, int level) {
    return Of(file).real()->pMethods->xUnlock(Of(file).real(), level);
  }
  static int CheckReserved(sqlite3_file* file, int* out) {
    return Of(file).real()->pMethods->xCheckReservedLock(Of(file).real(), out);
  }
  static int Control(sqlite3_file* file, int op, void* argument) {
    // These would change the real file's size, or map it.
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE || op == SQLITE_FCNTL_MMAP_SIZE) {
      return SQLITE_NOTFOUND;
    }
    if (op == SQLITE_FCNTL_LAST_ERRNO) {
      *static_cast<int*>(argument) = Of(file).disk->LastError();
      return SQLITE_OK;
    }
    return Of(file).real()->pMethods->xFileControl(Of(file).real(), op, argument);
  }
  static int SectorSize(sqlite3_file* file) { return Of(file).real()->pMethods->xSectorSize(Of(file).real()); }
  static int Characteristics(sqlite3_file* file) {
    return Of(file).real()->pMethods->xDeviceCharacteristics(Of(file).real());
  }
  static int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
    return Of(file).real()->pMethods->xShmMap(Of(file).real(), page, size, extend, memory);
  }
  static int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
    return Of(file).real()->pMethods->xShmLock(Of(file).real(), offset, n, flags);
  }
  static void ShmBarrier(sqlite3_file* file) { Of(file).real()->pMethods->xShmBarrier(Of(file).real()); }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    return Of(file).real()->pMethods->xShmUnmap(Of(file).real(), remove);
  }
};

namespace {

constexpr sqlite3_io_methods kMethods = {
    2,  // with shared memory, without mapped pages
    ForgetfulFile::Close,
    ForgetfulFile::Read,
    ForgetfulFile::Write,
    ForgetfulFile::Truncate,
    ForgetfulFile::Sync,
    ForgetfulFile::Size,
    ForgetfulFile::Lock,
    ForgetfulFile::Unlock,
    ForgetfulFile::CheckReserved,
    ForgetfulFile::Control,
    ForgetfulFile::SectorSize,
    ForgetfulFile::Characteristics,
    ForgetfulFile::ShmMap,
    ForgetfulFile::ShmLock,
    ForgetfulFile::ShmBarrier,
    ForgetfulFile::ShmUnmap,
    nullptr,
    nullptr,
};

}  // namespace

ForgetfulVfs::Disk::Disk(std::string name, bool as_default)
    : name_(std::move(name)), system_(sqlite3_vfs_find(nullptr)) {
  MERIDIAN_CHECK(system_ != nullptr);
  vfs_ = *system_;
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(sizeof(ForgetfulFile)) + system_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = [](sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* file, int flags, int* out_flags) {
    Disk& disk = Of(vfs);
    ForgetfulFile& self = ForgetfulFile::Of(file);
    self.base.pMethods = nullptr;
    self.disk = &disk;
    MERIDIAN_CHECK(path != nullptr);
    int code = disk.system()->xOpen(disk.system(), path, self.real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    code = disk.Open(path, self.real());
    if (code != SQLITE_OK) {
      self.real()->pMethods->xClose(self.real());
      return code;
    }
    self.path = new std::string(path);
    self.base.pMethods = &kMethods;
    return SQLITE_OK;
  };
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* path, int sync_folder) { return Of(vfs).Delete(path, sync_folder); };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    if (flags == SQLITE_ACCESS_EXISTS) return Of(vfs).Exists(path, out);
    return Of(vfs).system()->xAccess(Of(vfs).system(), path, flags, out);
  };
  vfs_.xGetLastError = [](sqlite3_vfs* vfs, int, char*) { return Of(vfs).LastError(); };
  MERIDIAN_CHECK(sqlite3_vfs_register(&vfs_, as_default ? 1 : 0) == SQLITE_OK);
}

int ForgetfulVfs::Disk::Open(const std::string& path, sqlite3_file* real) {
  std::lock_guard lock(mutex_);
  if (!powered_) return Fail(SQLITE_CANTOPEN, EIO);
  if (files_.contains(path)) return SQLITE_OK;
  sqlite3_int64 size = 0;
  int code = real->pMethods->xFileSize(real, &size);
  if (code != SQLITE_OK) return code;
  FileState state;
  state.contents.resize(static_cast<size_t>(size));
  if (size > 0) code = real->pMethods->xRead(real, state.contents.data(), static_cast<int>(size), 0);
  if (code == SQLITE_OK) files_[path] = std::move(state);
  return code;
}

int ForgetfulVfs::Disk::Read(const std::string& path, void* buffer, int amount, int64_t offset) {
  std::lock_guard lock(mutex_);
  if (!powered_) return Fail(SQLITE_IOERR_READ, EIO);
  const std::string& contents = files_[path].contents;
  const size_t start = std::min(static_cast<size_t>(offset), contents.size());
  const size_t got = std::min(static_cast<size_t>(amount), contents.size() - start);
  std::memcpy(buffer, contents.data() + start, got);
  if (got == static_cast<size_t>(amount)) return SQLITE_OK;
  std::memset(static_cast<char*>(buffer) + got, 0, static_cast<size_t>(amount) - got);
  return SQLITE_IOERR_SHORT_READ;
}

int ForgetfulVfs::Disk::Write(const std::string& path, Change change) {
  std::lock_guard lock(mutex_);
  if (!Powered()) return Fail(SQLITE_IOERR_WRITE, EIO);
  switch (write_fault_) {
    case WriteFault::kNone:
      break;
    case WriteFault::kFull:
      return Fail(SQLITE_FULL, ENOSPC);
    case WriteFault::kReadOnly:
      return Fail(SQLITE_IOERR_WRITE, EROFS);
    case WriteFault::kIoError:
      return Fail(SQLITE_IOERR_WRITE, EIO);
  }
  FileState& file = files_[path];
  ApplyTo(file.contents, change);
  file.unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int ForgetfulVfs::Disk::Sync(const std::string& path, sqlite3_file* real, int flags) {
  std::this_thread::sleep_for(sync_time_.load());  // lint: allow sleep: the time that a disk takes
  std::lock_guard lock(mutex_);
  if (!Powered() || fail_syncs_) return Fail(SQLITE_IOERR_FSYNC, EIO);
  ++syncs_;
  FileState& file = files_[path];
  for (const Change& change : file.unsynced) {
    const int code = change.truncates ? real->pMethods->xTruncate(real, change.offset)
                                      : real->pMethods->xWrite(real, change.bytes.data(),
                                                               static_cast<int>(change.bytes.size()), change.offset);
    if (code != SQLITE_OK) return code;
  }
  // The real file need not be synced: the power that is cut here is only this VFS's.
  file.unsynced.clear();
  return SQLITE_OK;
}

int ForgetfulVfs::Disk::Size(const std::string& path, int64_t* size) {
  std::lock_guard lock(mutex_);
  if (!powered_) return Fail(SQLITE_IOERR_FSTAT, EIO);
  *size = static_cast<int64_t>(files_[path].contents.size());
  return SQLITE_OK;
}

int ForgetfulVfs::Disk::Delete(const std::string& path, int sync_folder) {
  std::lock_guard lock(mutex_);
  if (!Powered()) return Fail(SQLITE_IOERR_DELETE, EIO);
  files_.erase(path);
  return system_->xDelete(system_, path.c_str(), sync_folder);
}

int ForgetfulVfs::Disk::Exists(const std::string& path, int* exists) {
  std::lock_guard lock(mutex_);
  if (!powered_) return Fail(SQLITE_IOERR_ACCESS, EIO);
  if (const auto file = files_.find(path); file != files_.end()) {
    *exists = file->second.contents.empty() ? 0 : 1;
    return SQLITE_OK;
  }
  return system_->xAccess(system_, path.c_str(), SQLITE_ACCESS_EXISTS, exists);
}

bool ForgetfulVfs::Disk::Powered() {
  if (powered_ && cut_in_ > 0 && --cut_in_ == 0) Cut(cut_torn_, cut_seed_);
  return powered_;
}

void ForgetfulVfs::Disk::Cut(bool torn, uint64_t seed) {
  powered_ = false;
  cut_in_ = 0;
  for (auto& [path, file] : files_) {
    if (!torn || file.unsynced.empty()) continue;
    const uint64_t drawn = StableHash(Uuid{seed, StableHash(path)});
    file.unsynced.resize(drawn % (file.unsynced.size() + 1));
    if (file.unsynced.empty()) continue;
    std::string& last = file.unsynced.back().bytes;
    last.resize(StableHash(Uuid{drawn, seed}) % (last.size() + 1));
    // All handles are dead: nobody's lock is lost by opening the file once more.
    const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
    MERIDIAN_CHECK(descriptor >= 0);
    for (const Change& change : file.unsynced) {
      if (change.truncates) {
        MERIDIAN_CHECK(ftruncate(descriptor, change.offset) == 0);
      } else {
        MERIDIAN_CHECK(pwrite(descriptor, change.bytes.data(), change.bytes.size(), change.offset) ==
                       static_cast<ssize_t>(change.bytes.size()));
      }
    }
    close(descriptor);
  }
  files_.clear();
}

ForgetfulVfs::ForgetfulVfs(std::string name, bool as_default)
    : disk_(std::make_unique<Disk>(std::move(name), as_default)) {}
ForgetfulVfs::~ForgetfulVfs() = default;

const std::string& ForgetfulVfs::name() const { return disk_->name_; }
void ForgetfulVfs::CutPower() { disk_->CutPower(false, 0); }
void ForgetfulVfs::CutPowerTorn(uint64_t seed) { disk_->CutPower(true, seed); }

void ForgetfulVfs::CutPowerAt(int64_t operation, bool torn, uint64_t seed) {
  std::lock_guard lock(disk_->mutex_);
  disk_->cut_in_ = operation;
  disk_->cut_torn_ = torn;
  disk_->cut_seed_ = seed;
}

void ForgetfulVfs::PowerOn() {
  std::lock_guard lock(disk_->mutex_);
  disk_->powered_ = true;
}

bool ForgetfulVfs::powered() const {
  std::lock_guard lock(disk_->mutex_);
  return disk_->powered_;
}

void ForgetfulVfs::FailWrites(WriteFault fault) {
  std::lock_guard lock(disk_->mutex_);
  disk_->write_fault_ = fault;
}

void ForgetfulVfs::FailSyncs(bool fail) {
  std::lock_guard lock(disk_->mutex_);
  disk_->fail_syncs_ = fail;
}

void ForgetfulVfs::TakeTimeToSync(std::chrono::microseconds time) { disk_->sync_time_ = time; }

int64_t ForgetfulVfs::syncs() const {
  std::lock_guard lock(disk_->mutex_);
  return disk_->syncs_;
}

}  // namespace meridian::testing
