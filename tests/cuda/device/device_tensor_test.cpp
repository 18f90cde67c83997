// Tensors, arenas and gradients in device memory: the CPU's numbers come back, and nothing is reused too early.
#include <cmath>
#include <numeric>

#include "autograd/tape.h"
#include "kernels/device.h"
#include "kernels/elementwise.h"
#include "kernels/memory.h"
#include "support/catch.h"

using namespace r1;

namespace {

Tensor counted(Shape shape) {
  Tensor t = Tensor::zeros(shape);
  std::iota(t.data(), t.data() + t.numel(), real(1));
  return t;
}

}  // namespace

TEST_CASE("a tensor travels to the device and back, whole or a few rows, in all four directions") {
  const Tensor host = counted({5, 3}), there = host.to(Device::kCuda),
               twin = Tensor::zeros({5, 3}, DType::kReal, Device::kCuda);
  CHECK(there.device() == Device::kCuda);
  CHECK(there.raw() != host.raw());
  CHECK(there.to(Device::kCuda).raw() == there.raw());
  CHECK(there.to_vector() == host.to_vector());
  CHECK(twin.to_vector() == std::vector<real>(15, 0));
  twin.copy_from(there);
  CHECK(twin.to_vector() == host.to_vector());
  CHECK(twin.rows(1, 3).to_vector() == host.rows(1, 3).to_vector());
  twin.rows(0, 1).copy_from(host.rows(4, 5));
  CHECK(twin.rows(0, 1).to_vector() == host.rows(4, 5).to_vector());
  twin.zero();
  CHECK(twin.to_vector() == std::vector<real>(15, 0));
  CHECK_THROWS_WITH(twin.copy_from(host.rows(0, 2)), ContainsSubstring("copy of [2, 3] into [5, 3]"));
}

TEST_CASE("copies see what kernels wrote before them, and kernels what copies brought") {
  const Tensor x = Tensor::zeros({1000}, DType::kReal, Device::kCuda),
               y = Tensor::zeros({1000}, DType::kReal, Device::kCuda);
  Exec ex;
  ex.device = Device::kCuda;
  for (int i = 1; i <= 20; ++i) {
    fill(ex, x.data(), static_cast<real>(i), int64_t{1000});
    y.copy_from(x);
    fill(ex, x.data(), real(-1), int64_t{1000});
    add(ex, y.data(), y.data(), x.data(), int64_t{1000});
    CHECK(y.to_vector() == std::vector<real>(1000, static_cast<real>(i - 1)));
  }
}

TEST_CASE("a device arena gives separate memory, goes back to a mark, and keeps what it took") {
  Arena arena(false, Device::kCuda);
  Exec ex;
  ex.device = Device::kCuda;
  for (int step = 0; step < 3; ++step) {
    arena.reset();
    CHECK(arena.in_use() == 0);
    std::vector<Tensor> parts;
    for (int i = 0; i < 10; ++i) {
      parts.push_back(arena.tensor({300, 7}));
      fill(ex, parts.back().data(), static_cast<real>(i), int64_t{2100});
    }
    const Arena::Mark mark = arena.mark();
    const Tensor passing = arena.tensor({4096});
    fill(ex, passing.data(), real(99), int64_t{4096});
    arena.rewind(mark);
    const Tensor again = arena.tensor({4096});
    fill(ex, again.data(), real(77), int64_t{4096});
    for (int i = 0; i < 10; ++i)
      CHECK(parts[static_cast<size_t>(i)].to_vector() == std::vector<real>(2100, static_cast<real>(i)));
    CHECK(again.to_vector() == std::vector<real>(4096, 77));
    CHECK(reinterpret_cast<uintptr_t>(again.raw()) % 256 == 0);
    CHECK(arena.peak() >= 10 * 2100 * sizeof(real) + 4096 * sizeof(real));
    CHECK(arena.taken() >= arena.in_use());
  }
}

TEST_CASE("more device memory than there is: one line with use, bytes and what is free; nothing is lost") {
  const Tensor kept = counted({64}).to(Device::kCuda);
  const int64_t too_much = static_cast<int64_t>(device::info().memory_bytes / sizeof(real)) * 2;
  try {
    Tensor::zeros({too_much}, DType::kReal, Device::kCuda, "the whole internet");
    FAIL("allocated twice the device");
  } catch (const Error& e) {
    const std::string text = e.what();
    CHECK_THAT(text, ContainsSubstring("out of device memory") && ContainsSubstring("the whole internet") &&
                         ContainsSubstring(std::to_string(static_cast<size_t>(too_much) * sizeof(real))));
    CHECK(text.find('\n') == std::string::npos);
  }
  CHECK(kept.to_vector() == counted({64}).to_vector());
}

TEST_CASE("rows of gradient that wait for the end are kept on the device and added there") {
  ParamList params;
  const Param& table = params.add("table", {4, 3});
  params.allocate();
  params.to(Device::kCuda);
  Gradients g(params);
  g.begin();
  const int32_t ids[] = {2, 0, 2};
  Tensor where = Tensor::zeros({3}, DType::kInt32);
  std::copy(ids, ids + 3, where.ints());
  const Tensor on_device = where.to(Device::kCuda);
  {
    const Tensor rows = counted({3, 3}).to(Device::kCuda);
    g.add_rows_later(table, on_device, rows);
    rows.zero();  // the caller's memory may change before the end
  }
  g.settle();
  CHECK(g.of(table).to_vector() == std::vector<real>{4, 5, 6, 0, 0, 0, 8, 10, 12, 0, 0, 0});
}

TEST_CASE("the finite check names operation, place and shape of the first bad value") {
  Arena arena(false, Device::kCuda);
  Tape t(arena, nullptr, nullptr, false);
  const auto fine = [&] {
    Var v = t.variable(t.alloc({2, 3}), "fine");
    fill(t.exec(), v->value.data(), real(1), int64_t{6});
    return v;
  };
  fine();
  CHECK(t.first_not_finite().empty());
  Var bad = t.variable(t.alloc({2, 3}), "softplus");
  bad->value.copy_from(Tensor::of({2, 3}, {1, 2, 3, 4, real(NAN), 6}));
  fine();
  CHECK(t.first_not_finite() == "softplus gave NaN at [1, 1] of [2, 3], value 2 of 3 of the forward pass");
}
