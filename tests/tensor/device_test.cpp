// A build without CUDA: every call for the device says so in one line, with the call, its sizes and what to do.
#include "kernels/device.h"

#include "base/check.h"
#include "kernels/kernel_bench.h"
#include "support/catch.h"

using namespace r1;

#ifndef R1_CUDA

namespace {

template <class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "nothing was said";
}

}  // namespace

TEST_CASE("without CUDA every call for the device is refused in one line that says what to do") {
  CHECK_FALSE(device::available());
  const std::string said[] = {
      message_of([] { device::info(); }),
      message_of([] { device::allocate(4096, "weights"); }),
      message_of([] { device::to_device(nullptr, nullptr, 4); }),
      message_of([] { device::synchronize(); }),
      message_of([] { run_kernel_bench({}); }),
  };
  for (const std::string& s : said) {
    INFO(s);
    CHECK(s.find("built without CUDA: configure with --preset cuda (a GPU) or --preset cuda-emulated") !=
          std::string::npos);
    CHECK(s.find('\n') == std::string::npos);
  }
  CHECK(said[1].find("allocate 4096 bytes for weights") != std::string::npos);
  CHECK(said[4].rfind("r1 bench cuda: ", 0) == 0);
  CHECK_NOTHROW(device::release(nullptr));
}

#endif
