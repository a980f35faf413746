#include "libs/wire/stored_format.h"

#ifdef MERIDIAN_NEXT_FORMAT
#include "libs/wire/field_codec.h"
#endif

namespace meridian {

// The programs of tests/soak/next_format are built with this: a release whose format is one higher, with one field
// more.
#ifdef MERIDIAN_NEXT_FORMAT

namespace {

constexpr int kField = 1000;
constexpr char kValue[] = "of the next format";

}  // namespace

uint32_t StoredFormat() { return 2; }

void WriteCommonFields(std::string* stored) { FieldWriter(stored).Text(kField, kValue); }

std::string_view BehindCommonFields(std::string_view fields) {
  FieldReader reader(fields);
  std::string value;
  reader.Text(kField, value);
  return reader.Rest();
}

#else

uint32_t StoredFormat() { return 1; }

void WriteCommonFields(std::string*) {}

std::string_view BehindCommonFields(std::string_view fields) { return fields; }

#endif

bool IsReadableFormat(uint64_t format) { return format >= 1 && format <= StoredFormat() + 1; }

}  // namespace meridian
