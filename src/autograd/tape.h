// Reverse-mode automatic differentiation: a tape in call order, walked in reverse. Values live in a per-step arena.
// Conventions (stated once for all of autograd/ops): gradients of parameters are `+=` into the tape's gradient slot,
// gradients of activations are `=` at their first use and `+=` after, in reverse call order.
// With recording off no node is made: that is the engine's path. A tape runs where its arena lies: CPU or GPU, and so
// do the parameters it meets. Paper: none.
#pragma once
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "tensor/arena.h"

namespace r1 {

/// A trainable tensor. `id` is its index in the ParamList and in every Gradients.
struct Param {
  std::string name;  ///< HuggingFace's name where there is one
  Tensor value;
  int id = -1;
  bool decay = true;  ///< weight decay applies (matrices, not norms)
};

/// All parameters of a model in a fixed order; addresses are stable.
class ParamList {
 public:
  Param& add(std::string name, Shape shape, bool decay = true);
  const std::deque<Param>& all() const { return params_; }
  std::deque<Param>& all() { return params_; }
  Param* find(const std::string& name);
  int64_t numel() const;
  /// Gives every parameter zeroed memory (until then they are meta).
  void allocate();
  /// Moves the values; Gradients and moments made from now on lie there too.
  void to(Device device);
  Device device() const { return params_.empty() ? Device::kCpu : params_.front().value.device(); }

 private:
  std::deque<Param> params_;
};

/// Where a gradient goes: write (=) or add (+=).
struct GradSlot {
  Tensor tensor;
  bool accumulate;
};

/// One set of gradients, a tensor per parameter.
class Gradients {
 public:
  Gradients() = default;
  explicit Gradients(const ParamList& params);
  Tensor& of(const Param& p) { return tensors_[static_cast<size_t>(p.id)]; }
  std::vector<Tensor>& all() { return tensors_; }
  const std::vector<Tensor>& all() const { return tensors_; }
  void zero();
  /// The same in the end with less writing: what comes first to a tensor may write it whole, settle() zeroes the rest.
  void begin();
  void settle();
  /// settle() will add rows [n, C] of gradient to rows `ids` [n] of the table p, after all else and in the order of
  /// calls.
  void add_rows_later(const Param& p, const Tensor& ids, const Tensor& rows);
  /// For one contribution to p. `whole`: the caller writes every element if told to (accumulate = false).
  GradSlot slot(const Param& p, bool whole);

 private:
  std::vector<Tensor> tensors_;
  std::vector<char> written_;  ///< since begin()
  struct Rows {
    size_t table;
    Tensor ids, rows;
  };
  std::vector<Rows> later_;
};

/// A value on the tape. Owned by the tape; valid until its reset().
struct Variable {
  Tensor value;
  Tensor grad;  ///< undefined until the first consumer's backward wrote it
  bool requires_grad = true;
  const char* op = "";  ///< the function that made it
};
using Var = Variable*;

class PackedWeights;

class Tape {
 public:
  /// `grads` may be null when nothing is recorded. The arena and pool are the caller's.
  Tape(Arena& arena, ThreadPool* pool, Gradients* grads, bool recording);

  bool recording() const { return recording_; }
  void set_recording(bool on) { recording_ = on; }
  Arena& arena() { return arena_; }
  Gradients* grads() { return grads_; }
  void set_grads(Gradients* g) { grads_ = g; }
  /// The gradients of this slot come in parts, one tape after the other. All contributions to a matrix but one kind
  /// then come in the same order as from one piece; those of embedding rows wait for the end, because a table that is
  /// the output head too gets the head's first. So parts change no bit.
  void set_in_parts(bool on) { in_parts_ = on; }
  bool in_parts() const { return in_parts_; }
  /// Weights packed beforehand (autograd/packed.h), with the values that they have now; null: none.
  void set_packed(const PackedWeights* packed) { packed_ = packed; }
  /// Packed form of matrix `index` of w for X W^T, or null.
  const real* packed(const Param& w, int64_t index = 0) const;

  Device device() const { return arena_.device(); }
  /// Uninitialised arena memory.
  Tensor alloc(Shape shape, DType dtype = DType::kReal) { return arena_.tensor(shape, dtype); }
  /// Execution context with at least this much scratch, where the CPU's kernel wants `cpu_bytes` and the device's twin
  /// `device_bytes` (grown once, then reused by every kernel of the step).
  Exec exec(size_t cpu_bytes = 0, size_t device_bytes = 0);
  /// Workers that a kernel may use, for the size functions of scratch.
  int workers() const { return pool_ ? pool_->size() : 1; }

  /// Indices from the host where kernels of this tape can read them: a copy in the arena.
  Tensor indices(std::span<const int32_t> host);
  /// The same without a copy where the kernels run on the host: lives as long as both.
  std::span<const int32_t> visible(std::span<const int32_t> host);

  /// A value that needs no gradient.
  Var constant(Tensor value);
  /// A new value; `requires_grad` follows recording. The default of `op` is the name of the calling function.
  Var variable(Tensor value, const char* op = __builtin_FUNCTION());
  /// Adds a backward step, run in reverse order of recording. No-op when not recording.
  void record(std::function<void()> backward);
  /// Where to put the gradient of v: allocated at its first use.
  GradSlot grad_slot(Var v);
  /// Gradient tensor of a parameter in this tape's slot, always +=.
  Tensor grad_of(const Param& p);
  /// The same, where the caller can write it whole when it is the first (=) and only then saves zeroing it.
  GradSlot grad_slot(const Param& p);

  /// Seeds d root = `seed` (root must be a scalar) and walks the tape. Steps whose output got no gradient do nothing.
  void backward(Var root, real seed = 1);
  /// Walks the tape from the gradients already set in some variables.
  void backward();
  /// Forgets values and nodes; the arena is reset by its owner.
  void reset();
  size_t nodes() const { return steps_.size(); }
  /// The first value in call order that holds an infinity or NaN, in words; "" if all are finite. Waits and reads all.
  std::string first_not_finite() const;
  /// True while recompute() runs a part of the model for the second time: counters must not count twice.
  bool replaying() const { return replaying_; }
  /// Largest scratch asked for so far (memory planning).
  size_t workspace_bytes() const { return workspace_bytes_; }

 private:
  Arena& arena_;
  ThreadPool* pool_;
  Gradients* grads_;
  const PackedWeights* packed_ = nullptr;
  bool recording_;
  std::deque<Variable> variables_;
  std::vector<std::function<void()>> steps_;
  Tensor workspace_;
  size_t workspace_bytes_ = 0;
  bool replaying_ = false;
  bool in_parts_ = false;

  void walk(size_t from);
  friend Var recompute(Tape& t, Var x, const std::function<Var(Tape&, Var)>& f);
};

/// "inf at [3, 17] of [64, 32]"; "" if every number of t is finite.
std::string not_finite(const Tensor& t);

/// Runs `f` (a part of the model) without keeping its inner values; backward runs it again to get them [V3 §3.2.3].
Var recompute(Tape& t, Var x, const std::function<Var(Tape&, Var)>& f);

}  // namespace r1
