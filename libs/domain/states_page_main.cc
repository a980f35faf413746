// Writes docs/states.md: `states_page > docs/states.md`, from the repository root.
#include <cstdio>
#include <string>

#include "libs/domain/states_page.h"

int main() {
  const std::string page = meridian::RenderStatesPage();
  const bool written = std::fwrite(page.data(), 1, page.size(), stdout) == page.size() && std::fflush(stdout) == 0;
  return written ? 0 : 1;
}
