// Weights in the form that the product X W^T reads fastest, packed once for all rows that will meet them. A snapshot:
// whoever changes weights packs again before the next forward, and a tape uses no other model's copies.
// Paper: none.
#pragma once
#include <vector>

#include "autograd/tape.h"

namespace r1 {

class PackedWeights {
 public:
  /// Room for every matrix of `params` (which must outlive this), not filled yet; none for parameters on a GPU, whose
  /// kernels read weights as they lie.
  explicit PackedWeights(const ParamList& params);
  /// Copies the values that the parameters have now.
  void pack(ThreadPool* pool);
  /// GemmArgs::packed_b of matrix `index` of `w` [rows, cols] or [count, rows, cols]; null if `w` is not ours.
  const real* of(const Param& w, int64_t index = 0) const;
  /// What the copies of such parameters take, bytes (memory planning; shapes alone).
  static size_t bytes(const ParamList& params);

 private:
  struct Entry {
    const Param* param;
    Tensor packed;   // [count, gemm_packed_size]; undefined for vectors
    int64_t stride;  // between matrices
  };
  std::vector<Entry> entries_;  // by Param::id
};

}  // namespace r1
