// Ctrl-C and SIGTERM: a flag that long work asks between steps, so that it can save and leave. Paper: none.
#pragma once

namespace r1 {

/// Installs the handlers; a second signal ends the process at once.
void watch_interrupts();
/// True once a signal came.
bool interrupted();

}  // namespace r1
