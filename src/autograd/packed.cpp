// Packing of a parameter list. Paper: none.
#include "autograd/packed.h"

#include "kernels/gemm.h"

namespace r1 {

PackedWeights::PackedWeights(const ParamList& params) {
  for (const Param& p : params.all()) {
    const Shape& s = p.value.shape();
    if ((s.rank() != 2 && s.rank() != 3) || p.value.device() != Device::kCpu) {
      entries_.push_back({&p, {}, 0});
      continue;
    }
    const int64_t stride = gemm_packed_size(s[-2], s[-1]);
    entries_.push_back({&p, Tensor::zeros({s.rank() == 3 ? s[0] : 1, stride}), stride});
  }
}

size_t PackedWeights::bytes(const ParamList& params) {
  int64_t n = 0;
  for (const Param& p : params.all())
    if (const Shape& s = p.value.shape(); s.rank() == 2 || s.rank() == 3)
      n += (s.rank() == 3 ? s[0] : 1) * gemm_packed_size(s[-2], s[-1]);
  return static_cast<size_t>(n) * sizeof(real);
}

void PackedWeights::pack(ThreadPool* pool) {
  parallel_for(pool, static_cast<int64_t>(entries_.size()), [this](int64_t i, int) {
    const Entry& e = entries_[static_cast<size_t>(i)];
    if (!e.packed.defined()) return;
    const Tensor& w = e.param->value;
    const int64_t rows = w.size(-2), cols = w.size(-1);
    for (int64_t m = 0; m < e.packed.size(0); ++m)
      gemm_pack_b(Exec{}, e.packed.data() + m * e.stride, w.data() + m * rows * cols, cols, true, rows, cols);
  });
}

const real* PackedWeights::of(const Param& w, int64_t index) const {
  const Entry& e = entries_[static_cast<size_t>(w.id)];
  return e.param == &w && e.packed.defined() ? e.packed.data() + index * e.stride : nullptr;
}

}  // namespace r1
