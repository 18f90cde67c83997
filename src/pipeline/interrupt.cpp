// Signal flag. Paper: none.
#include "pipeline/interrupt.h"

#include <csignal>

namespace r1 {

namespace {
volatile std::sig_atomic_t flag = 0;

void on_signal(int number) {
  flag = 1;
  std::signal(number, SIG_DFL);
}
}  // namespace

void watch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return flag != 0; }

}  // namespace r1
