// Any thread.
#pragma once

namespace meridian::app {

// Gives back to the system what was freed and is kept for later, which an allocator does by itself only as the process
// goes on. For the end of something large that does not come again, such as a start. Takes milliseconds.
void ReturnFreeMemory();

}  // namespace meridian::app
